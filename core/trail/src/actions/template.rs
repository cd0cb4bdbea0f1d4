//! ARN templates of the service reference: whether an ARN is of a template, and filling one from a request.

mod hole;
mod sibling;

use super::body::Body;
use super::table::{Owned, Tables};
use hole::{Hole, Takes, Values, account_of_url};

/// An ARN with holes: `arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}`.
#[derive(Debug)]
pub(crate) struct Template {
    /// The first five sections of the ARN.
    head: [Box<[Part]>; 5],
    resource: Box<[Part]>,
    /// How many bytes of the resource section are fixed: the more, the more particular the template.
    fixed: usize,
    /// The names that AWS keeps for its own resources of this type: their ARNs have another account, or none.
    owned: Option<Owned<'static>>,
    /// A log group: AWS asks on it with the tail of its streams.
    has_streams: bool,
}

/// Whose template it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Whose<'a> {
    /// The resource type's name in the service reference; without one a hole's name is a path in the request.
    pub(crate) kind: &'a str,
    /// The action.
    pub(crate) action: &'a str,
    /// The action is called by another of its resource types (`GetTable`): a plain `name` in its request is of that one.
    pub(crate) is_beside: bool,
    /// The action makes one of this type (`CreateDomain`).
    pub(crate) is_made: bool,
}

#[derive(Debug)]
enum Part {
    Fixed(Box<str>),
    Partition,
    Region,
    Account,
    Hole(Hole),
}

/// Where an event happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) partition: &'a str,
    pub(crate) region: Option<&'a str>,
    pub(crate) account: Option<&'a str>,
    /// The account that the request says its resources are of.
    pub(crate) owner: Option<&'a str>,
}

/// A filled template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filled<'b> {
    /// The ARN; a part that was not told is `*`.
    pub(crate) arn: String,
    /// Every part was told.
    pub(crate) is_whole: bool,
    /// A part of the resource was told by the request.
    pub(crate) is_told: bool,
    /// The last value the request told.
    pub(crate) value: Option<&'b str>,
    /// The request tells its account: a whole ARN, a URL or a parameter did.
    pub(crate) is_foreign: bool,
}

/// The most holes a template of the service reference has, and some.
const HOLES_MAX: usize = 8;

/// One value per ARN; more values than this of one key are one pattern.
const ARNS_MAX: usize = 256;

impl Template {
    /// Reads a template.
    pub(crate) fn read(text: &str, whose: Whose<'_>) -> Option<Self> {
        let sections = split_sections(text)?;
        let [scheme, partition, service, region, account, resource] = sections;
        let read = |section: &str| parts(section, service, whose, true);
        let head = [read(scheme), read(partition), read(service), read(region), read(account)];
        let mut resource_parts = parts(resource, service, whose, false);
        let fixed =
            resource_parts.iter().map(|part| if let Part::Fixed(text) = part { text.len() } else { 0 }).sum();
        let is_bucket = matches!(resource_parts.as_ref(), [Part::Hole(_)]);
        let mut before = String::new();
        for part in &mut resource_parts {
            match part {
                Part::Hole(hole) => hole.takes = takes(service, &before, hole, is_bucket),
                Part::Fixed(text) => before.clone_from(&text.to_string()),
                Part::Partition | Part::Region | Part::Account => {}
            }
        }
        let owned = match resource_parts.first() {
            Some(Part::Fixed(kind)) => Tables::get().owned(service, kind),
            _ => None,
        };
        let has_streams = service == "logs"
            && matches!(resource_parts.as_ref(), [Part::Fixed(kind), Part::Hole(_)] if kind.as_ref() == "log-group:")
            && !TAGS_A_LOG_GROUP.contains(&whose.action);
        Some(Self { head, resource: resource_parts, fixed, owned, has_streams })
    }

    /// Whether an ARN is of this template, and how particular that is.
    pub(crate) fn matches(&self, arn: &str) -> Option<usize> {
        // Most ARNs in a request are of another service.
        if let [Part::Fixed(service)] = self.head.get(2)?.as_ref() {
            let after = arn.strip_prefix("arn:")?.split_once(':')?.1;
            after.strip_prefix(service.as_ref()).filter(|rest| rest.starts_with(':'))?;
        }
        let mut sections = arn.splitn(6, ':');
        for parts in &self.head {
            if !fits(parts, sections.next()?) {
                return None;
            }
        }
        fits(&self.resource, sections.next()?).then_some(self.fixed)
    }

    /// Fills the holes: one ARN for each value of the hole that has most.
    pub(crate) fn fill<'b>(&self, place: Place<'_>, body: &'b Body<'_>, creates: bool) -> Vec<Filled<'b>> {
        let mut values: [Values<'b>; HOLES_MAX] =
            [const { Values { first: None, more: Vec::new() } }; HOLES_MAX];
        for (values, hole) in values.iter_mut().zip(self.holes()) {
            *values = hole.values(body, &|arn| self.matches(arn).is_some());
        }
        let count = values.iter().map(|values| values.more.len()).max().unwrap_or_default();
        if count > ARNS_MAX {
            return vec![self.any(place)];
        }
        let mut filled: Vec<Filled<'b>> = Vec::with_capacity(count.saturating_add(1));
        for row in 0..=count {
            // A hole with one value has it in every row.
            let pick = |hole: usize| {
                let values = values.get(hole)?;
                if row == 0 || values.more.is_empty() {
                    values.first
                } else {
                    values.more.get(row.checked_sub(1)?).copied()
                }
            };
            let one = self.fill_row(place, body, creates, pick);
            if !filled.contains(&one) {
                filled.push(one);
            }
        }
        filled
    }

    /// Whether the request tells any hole, or there is none to tell.
    pub(crate) fn is_told(&self, body: &Body<'_>) -> bool {
        let is_whole = |arn: &str| self.matches(arn).is_some();
        self.holes().next().is_none() || self.holes().any(|hole| hole.is_told(body, &is_whole))
    }

    /// Nothing is told: any resource of the type.
    pub(crate) fn any(&self, place: Place<'_>) -> Filled<'static> {
        self.fill_row(place, &Body::default(), false, |_| None)
    }

    /// The ARN of one resource, whatever the request says, when this is the template of its type (`instance/`).
    pub(crate) fn fill_with<'b>(&self, kind: &str, value: &'b str, place: Place<'_>) -> Option<Filled<'b>> {
        let [Part::Fixed(fixed), Part::Hole(_)] = self.resource.as_ref() else { return None };
        let is_it = fixed.strip_suffix('/') == Some(kind);
        is_it.then(|| self.fill_row(place, &Body::default(), false, |_| Some(value)))
    }

    fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.head.iter().chain([&self.resource]).flat_map(|parts| parts.iter()).filter_map(
            |part| match part {
                Part::Hole(hole) => Some(hole),
                _ => None,
            },
        )
    }

    fn fill_row<'b>(
        &self,
        place: Place<'_>,
        body: &Body<'_>,
        creates: bool,
        pick: impl Fn(usize) -> Option<&'b str>,
    ) -> Filled<'b> {
        let picked = || (0..self.holes().count()).filter_map(&pick);
        // A whole ARN where a name could stand is the answer itself, and a URL tells the account.
        if let Some(arn) = picked().find(|value| value.starts_with("arn:") && self.matches(value).is_some()) {
            return Filled {
                is_whole: !self.without_streams(arn).contains(['*', '?']),
                arn: self.finished(arn.to_owned(), body),
                is_told: true,
                value: Some(arn),
                is_foreign: true,
            };
        }
        let other = picked().find_map(account_of_url).or(place.owner);
        let value = picked().last();
        let account = match &self.owned {
            Some(owned) if value.is_some_and(|value| owned.is_one(value)) => Some(owned.account),
            _ => other.or(place.account),
        };
        let mut filled = Filled {
            arn: String::with_capacity(96),
            is_whole: true,
            is_told: false,
            value,
            is_foreign: other.is_some(),
        };
        let mut holes = 0_usize;
        for (number, parts) in self.head.iter().chain([&self.resource]).enumerate() {
            if number > 0 {
                filled.arn.push(':');
            }
            holes = write(&mut filled, parts, Place { account, ..place }, body, creates, &pick, holes);
        }
        filled.arn = self.finished(filled.arn, body);
        filled
    }

    /// An ARN as AWS asks on it. CloudWatch Logs User Guide, `iam-access-control-overview-cwl`: the ARN of a log group with
    /// `:*` is what policies name, for all actions but tagging; AWS's refusals read `…:log-group:NAME:log-stream:` with the
    /// name of the stream, where there is one.
    pub(crate) fn finished(&self, arn: String, body: &Body<'_>) -> String {
        if !self.has_streams {
            return arn;
        }
        format!("{}:log-stream:{}", self.without_streams(&arn), body.top("logStreamName").unwrap_or_default())
    }

    /// The ARN of a log group that a request gave, without the `:*` behind it.
    fn without_streams<'b>(&self, arn: &'b str) -> &'b str {
        if !self.has_streams {
            return arn;
        }
        ["*", ":log-stream:*", ":log-stream:"]
            .iter()
            .fold(arn, |arn, tail| arn.strip_suffix(tail).unwrap_or(arn))
            .trim_end_matches(':')
    }
}

/// The tagging actions of CloudWatch Logs, which ask on the bare ARN of a log group
/// (CloudWatch Logs User Guide, `iam-access-control-overview-cwl`).
const TAGS_A_LOG_GROUP: [&str; 3] = ["logs:TagResource", "logs:UntagResource", "logs:ListTagsForResource"];

/// What a hole takes, by its service, what stands before it, and whether it is a bucket.
fn takes(service: &str, before: &str, hole: &Hole, is_bucket: bool) -> Takes {
    let after_bar = before.rsplit(['/', ':']).next().unwrap_or_default();
    match service {
        "s3" if is_bucket => Takes::Segment,
        "ec2" if hole.is_id => Takes::Ec2Id,
        "ssm" if before.ends_with("managed-instance/") => Takes::Ec2Id,
        "secretsmanager" => Takes::Secret,
        "organizations" if after_bar.ends_with('-') => Takes::Begins(after_bar.into()),
        "organizations" if hole.is_account => Takes::Account,
        "glue" => Takes::NoAccount,
        _ => Takes::Anything,
    }
}

/// Writes the parts of a section; gives the number of the next hole.
fn write<'b>(
    filled: &mut Filled<'b>,
    parts: &[Part],
    place: Place<'_>,
    body: &Body<'_>,
    creates: bool,
    pick: &impl Fn(usize) -> Option<&'b str>,
    first: usize,
) -> usize {
    let mut hole_number = first;
    let mut parts = parts;
    while let Some((part, rest)) = parts.split_first() {
        parts = rest;
        match part {
            Part::Fixed(text) => {
                filled.is_whole &= !text.contains('*');
                filled.arn.push_str(text);
            }
            Part::Partition => filled.arn.push_str(place.partition),
            Part::Region => filled.told(place.region, false),
            Part::Account => filled.told(place.account, false),
            Part::Hole(hole) => {
                let value = pick(hole_number);
                hole_number = hole_number.saturating_add(1);
                // `family:revision` where two holes stand: one value tells both.
                if let (Some(value), [Part::Fixed(between), Part::Hole(_), after @ ..]) = (value, rest)
                    && matches!(between.as_ref(), ":" | "/")
                    && pick(hole_number).is_none()
                    && hole.holds_two(value, between)
                {
                    parts = after;
                    hole_number = hole_number.saturating_add(1);
                }
                hole.write(filled, value, body, creates);
            }
        }
    }
    hole_number
}

impl Filled<'_> {
    fn told(&mut self, value: Option<&str>, by_request: bool) {
        match value {
            Some(value) => {
                // A parameter of SSM or a path of IAM begins with a slash of its own; so may an object of S3, which keeps it.
                let value = match value.strip_prefix('/') {
                    Some(rest) if self.arn.ends_with('/') && !self.arn.contains(":s3:") => rest,
                    _ => value,
                };
                self.arn.push_str(value);
                self.is_told |= by_request;
                // A name with a star in it is told as the pattern it would be taken for.
                self.is_whole &= !value.contains(['*', '?']);
            }
            None => {
                self.arn.push('*');
                self.is_whole = false;
            }
        }
    }
}

/// Splits at the first five colons.
fn split_sections(text: &str) -> Option<[&str; 6]> {
    let mut parts = text.splitn(6, ':');
    let six = [parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    Some(six)
}

fn parts(section: &str, service: &str, whose: Whose<'_>, is_head: bool) -> Box<[Part]> {
    let mut parts = Vec::new();
    let mut rest = section;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        if !before.is_empty() {
            parts.push(Part::Fixed(before.into()));
        }
        parts.push(match name {
            "Partition" => Part::Partition,
            "Region" => Part::Region,
            "Account" => Part::Account,
            // Chime, DataSync and others call the account of the ARN so; behind the fifth colon it is an account that the
            // request names. The organization's management account is who mostly asks.
            "AccountId" | "ManagementAccountId" if is_head => Part::Account,
            _ => Part::Hole(Hole::read(name, service, whose)),
        });
        rest = behind;
    }
    if !rest.is_empty() {
        parts.push(Part::Fixed(rest.into()));
    }
    parts.into()
}

/// Whether a section is of these parts. A hole is any text that is not empty.
fn fits(parts: &[Part], text: &str) -> bool {
    let Some((part, rest)) = parts.split_first() else { return text.is_empty() };
    match part {
        Part::Fixed(fixed) => text.strip_prefix(fixed.as_ref()).is_some_and(|text| fits(rest, text)),
        // A resource without account or Region (S3, IAM's own policies) is of a template that has them.
        Part::Partition | Part::Region | Part::Account if rest.is_empty() => !text.contains('/'),
        Part::Hole(Hole { takes: Takes::Segment, .. }) if rest.is_empty() => {
            !text.is_empty() && !text.contains('/')
        }
        Part::Hole(_) if rest.is_empty() => !text.is_empty(),
        Part::Partition | Part::Region | Part::Account | Part::Hole(_) => {
            let Some(Part::Fixed(next)) = rest.first() else {
                return !text.is_empty();
            };
            text.match_indices(next.as_ref())
                .filter(|(at, _)| *at > 0)
                .filter_map(|(at, _)| text.get(at..))
                .any(|text| fits(rest, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str, key: &str) -> Template {
        Template::read(text, Whose { kind: key, ..Whose::default() }).unwrap()
    }

    const PLACE: Place<'_> =
        Place { partition: "aws", region: Some("eu-west-1"), account: Some("111122223333"), owner: None };

    fn fill(text: &str, key: &str, body: &str, creates: bool) -> Vec<(String, bool)> {
        let body = Body::read(Some(body));
        let filled = template(text, key).fill(PLACE, &body, creates);
        filled.into_iter().map(|filled| (filled.arn, filled.is_whole)).collect()
    }

    #[test]
    fn filling() {
        let rows = [
            (
                "arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}",
                "function",
                r#"{"functionName":"f"}"#,
                "arn:aws:lambda:eu-west-1:111122223333:function:f",
                true,
            ),
            (
                "arn:${Partition}:cloudtrail:${Region}:${Account}:trail/${TrailName}",
                "trail",
                r#"{"name":"t"}"#,
                "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t",
                true,
            ),
            (
                "arn:${Partition}:s3:::${BucketName}/${ObjectName}",
                "object",
                r#"{"bucketName":"b"}"#,
                "arn:aws:s3:::b/*",
                false,
            ),
            (
                "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}",
                "user",
                r#"{"userName":"bob"}"#,
                "arn:aws:iam::111122223333:user/*bob",
                false,
            ),
            (
                "arn:${Partition}:ssm:${Region}:${Account}:parameter/${ParameterName}",
                "parameter",
                r#"{"name":"/a/b"}"#,
                "arn:aws:ssm:eu-west-1:111122223333:parameter/a/b",
                true,
            ),
        ];
        for (text, key, body, arn, whole) in rows {
            assert_eq!(fill(text, key, body, false), [(arn.to_owned(), whole)], "{text}");
        }
        let user = "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}";
        let made = fill(user, "user", r#"{"userName":"bob","path":"/ci/"}"#, true);
        assert_eq!(made, [("arn:aws:iam::111122223333:user/ci/bob".to_owned(), true)]);
        let two = fill(
            "arn:aws:sqs:${Region}:${Account}:${QueueName}",
            "queue",
            r#"{"queueNames":["a","b"]}"#,
            false,
        );
        assert_eq!(two.len(), 2);
    }

    #[test]
    fn matching() {
        let bucket = template("arn:${Partition}:s3:::${BucketName}", "bucket");
        assert!(bucket.matches("arn:aws:s3:::b").is_some() && bucket.matches("arn:aws:s3:::b/k").is_none());
        let table = template("arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}", "table");
        let index = template(
            "arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}/index/${IndexName}",
            "index",
        );
        let arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/t/index/i";
        assert!(index.matches(arn) > table.matches(arn));
        assert!(index.matches("arn:aws:dynamodb:eu-west-1:111122223333:table/t").is_none());
    }
}
