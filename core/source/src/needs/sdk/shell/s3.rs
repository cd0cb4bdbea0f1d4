//! `aws s3`: the commands that copy, list and delete (AWS CLI command reference, *s3*; the calls are those of its `s3` customization).

use std::rc::Rc;

use super::Command;
use crate::needs::flow::{Flow, none, one};
use crate::needs::sdk::{Made, Outcome, abort};
use crate::needs::table::Sdk;
use crate::needs::value::{Fields, Part, Site, Value, Why};

/// Options without a value.
const FLAGS: [&str; 18] = [
    "--recursive",
    "--delete",
    "--quiet",
    "--dryrun",
    "--only-show-errors",
    "--no-progress",
    "--force",
    "--human-readable",
    "--summarize",
    "--exact-timestamps",
    "--size-only",
    "--follow-symlinks",
    "--no-follow-symlinks",
    "--no-guess-mime-type",
    "--ignore-glacier-warnings",
    "--force-glacier-transfer",
    "--no-verify-ssl",
    "--debug",
];

pub(super) fn is_flag(name: &str) -> bool {
    FLAGS.contains(&name)
}

/// Bucket and key of `s3://bucket/key`, with their holes. `None` for what is no such address.
pub(super) fn place(value: &Value) -> Option<(Value, Value)> {
    let Value::Text(parts) = value else { return None };
    let Some(Part::Known(first)) = parts.first() else { return None };
    let rest = first.strip_prefix("s3://")?;
    let (mut bucket, mut key) = (Vec::new(), Vec::new());
    let mut is_key = false;
    let head = [Part::Known(rest.into())];
    for part in head.iter().chain(parts.iter().skip(1)) {
        match part {
            Part::Known(text) if !is_key => match text.split_once('/') {
                Some((name, path)) => {
                    bucket.push(Part::Known(name.into()));
                    key.push(Part::Known(path.into()));
                    is_key = true;
                }
                None => bucket.push(Part::Known(Rc::clone(text))),
            },
            part if is_key => key.push(part.clone()),
            part => bucket.push(part.clone()),
        }
    }
    let filled = |parts: Vec<Part>| -> Value {
        let parts = parts.into_iter().filter(|part| !matches!(part, Part::Known(text) if text.is_empty()));
        Value::Text(parts.collect())
    };
    Some((filled(bucket), filled(key)))
}

pub(super) fn object(bucket: Value, key: Value) -> Fields {
    Fields { entries: vec![("Bucket".into(), one(bucket)), ("Key".into(), one(key))], open: None }
}

/// A key with all that begins with it.
fn below(key: &Value) -> Value {
    let mut parts = match key {
        Value::Text(parts) => parts.to_vec(),
        _ => Vec::new(),
    };
    parts.push(Part::Known("*".into()));
    Value::Text(parts.into())
}

/// Where a command reads or writes.
#[derive(Clone)]
enum Side {
    Here,
    There(Value, Value),
    Unknown(Value),
}

fn side(value: &Value) -> Side {
    match (place(value), value) {
        (Some((bucket, key)), _) => Side::There(bucket, key),
        (None, Value::Text(parts)) if matches!(parts.first(), Some(Part::Known(_))) => Side::Here,
        _ => Side::Unknown(value.clone()),
    }
}

pub(super) fn outcome(flow: &Flow<'_>, name: &str, command: &Command, site: Site) -> Outcome {
    let s3 = Sdk::get().service("s3").unwrap_or_default();
    if command.option("--dryrun").is_some() {
        return Outcome::nothing();
    }
    let is_deep = command.option("--recursive").is_some() || name == "sync";
    let paths = command.words.get(2..).unwrap_or_default();
    let of = |place: usize| paths.get(place).cloned().unwrap_or_else(none);
    let lost = |value: Option<&Value>| match value {
        Some(Value::Unknown(reason)) => Outcome::untold(Rc::clone(reason)),
        _ => Outcome::untold(flow.reason(site, Why::Code)),
    };
    let call = |operation: &'static str, fields: Fields| Made::new(s3, operation, fields);
    let list = |bucket: &Value, key: &Value| {
        let entries = vec![("Bucket".into(), one(bucket.clone())), ("Prefix".into(), one(key.clone()))];
        call("ListObjectsV2", Fields { entries, open: None })
    };
    let mut calls: Vec<Made> = Vec::new();
    match name {
        "cp" | "mv" | "sync" => {
            for from in of(0).iter() {
                for to in of(1).iter() {
                    match transfer(s3, name, command, (&side(from), &side(to))) {
                        Some(found) => calls.extend(found),
                        None => return lost(Some(from)),
                    }
                }
            }
            if calls.is_empty() {
                return lost(None);
            }
        }
        "ls" if paths.is_empty() => calls.push(call("ListBuckets", Fields::default())),
        "ls" | "rm" | "mb" | "rb" | "presign" | "website" => {
            let values = of(0);
            for value in values.iter() {
                // `aws s3 ls bucket` is as good as `s3://bucket`.
                let with_scheme = match (name, place(value), value.known()) {
                    (_, Some(found), _) => Some(found),
                    ("ls" | "website" | "presign", None, Some(text)) => {
                        place(&Value::text(&format!("s3://{text}")))
                    }
                    _ => None,
                };
                let Some((bucket, key)) = with_scheme else {
                    let empty = Value::Text([].into());
                    match name {
                        // Which is not known; what is done is.
                        "rm" => calls.push(call("DeleteObject", object(value.clone(), value.clone()))),
                        "ls" => calls.push(list(value, &empty)),
                        "presign" => calls.push(call("GetObject", object(value.clone(), value.clone()))),
                        "mb" => calls.push(call("CreateBucket", object(value.clone(), empty))),
                        "rb" => calls.push(call("DeleteBucket", object(value.clone(), empty))),
                        _ => return lost(Some(value)),
                    }
                    continue;
                };
                match name {
                    "ls" => calls.push(list(&bucket, &key)),
                    "presign" => {
                        let because =
                            "whoever uses a presigned URL does so with the permissions of its signer";
                        calls.push(call("GetObject", object(bucket, key)).because(because));
                    }
                    "mb" => calls.push(call("CreateBucket", bucket_of(bucket))),
                    "website" => calls.push(call("PutBucketWebsite", bucket_of(bucket))),
                    "rm" if is_deep => {
                        calls.push(list(&bucket, &key));
                        calls.push(call("DeleteObject", object(bucket, below(&key))));
                    }
                    "rm" => calls.push(call("DeleteObject", object(bucket, key))),
                    _ => {
                        calls.push(call("DeleteBucket", bucket_of(bucket.clone())));
                        if command.option("--force").is_some() {
                            calls.push(list(&bucket, &key));
                            calls.push(call("DeleteObject", object(bucket, below(&key))));
                        }
                    }
                }
            }
            if calls.is_empty() {
                return lost(values.first());
            }
        }
        _ => return Outcome::untold(flow.reason(site, Why::Name(format!("s3 {name}")))),
    }
    Outcome::calls(calls, none())
}

fn bucket_of(bucket: Value) -> Fields {
    Fields { entries: vec![("Bucket".into(), one(bucket))], open: None }
}

/// What is read and written between two sides; `None` where neither is known.
fn transfer(s3: u16, name: &str, command: &Command, sides: (&Side, &Side)) -> Option<Vec<Made>> {
    let is_deep = command.option("--recursive").is_some() || name == "sync";
    let call = |operation: &'static str, fields: Fields| Made::new(s3, operation, fields);
    let part = |key: &Value| {
        if is_deep || key.known().is_none_or(|key| key.is_empty() || key.ends_with('/')) {
            below(key)
        } else {
            key.clone()
        }
    };
    let list = |bucket: &Value, key: &Value| {
        let entries = vec![("Bucket".into(), one(bucket.clone())), ("Prefix".into(), one(key.clone()))];
        call("ListObjectsV2", Fields { entries, open: None })
    };
    let first = "the CLI asks for the size first";
    let mut calls = Vec::new();
    match sides {
        (Side::There(bucket, key), Side::There(to, to_key)) => {
            let from = object(bucket.clone(), if is_deep { below(key) } else { key.clone() });
            let mut request = object(to.clone(), part(to_key));
            request.entries.push(("CopySource".into(), one(Value::Map(Rc::new(from.clone())))));
            calls.push(call("CopyObject", request));
            calls.push(call("HeadObject", from.clone()).because(first));
            let tags = "a large copy takes the tags with it";
            calls.push(Made { is_possible: true, ..call("GetObjectTagging", from.clone()).because(tags) });
            calls.push(Made {
                is_possible: true,
                ..call("PutObjectTagging", object(to.clone(), part(to_key))).because(tags)
            });
            if name == "mv" {
                calls.push(call("DeleteObject", from));
            }
        }
        (Side::There(bucket, key), _) => {
            let from = object(bucket.clone(), if is_deep { below(key) } else { key.clone() });
            calls.push(call("GetObject", from.clone()));
            calls.push(call("HeadObject", from.clone()).because(first));
            if name == "mv" {
                calls.push(call("DeleteObject", from));
            }
        }
        (_, Side::There(bucket, key)) => {
            let to = object(bucket.clone(), part(key));
            calls.push(call("PutObject", to.clone()));
            calls.push(abort(s3, to));
        }
        // One side is this machine, so the other is S3, whatever it is called.
        (Side::Here, Side::Unknown(to)) => {
            calls.push(call("PutObject", object(to.clone(), to.clone())));
        }
        (Side::Unknown(from), Side::Here) => {
            calls.push(call("GetObject", object(from.clone(), from.clone())));
        }
        _ => return None,
    }
    for (at, is_from) in [(sides.0, true), (sides.1, false)] {
        if let Side::There(bucket, key) = at {
            if is_from && is_deep || name == "sync" {
                calls.push(list(bucket, key));
            }
            if !is_from && command.option("--delete").is_some() {
                calls.push(call("DeleteObject", object(bucket.clone(), below(key))));
            }
        }
    }
    Some(calls)
}
