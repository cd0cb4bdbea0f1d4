//! The addresses of a service: botocore's endpoint rules, evaluated for every Region and variant, told as one template a partition.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use super::at;

/// FIPS and dual-stack, in the order in which a row has the addresses.
const VARIANTS: [(bool, bool); 4] = [(false, false), (true, false), (false, true), (true, true)];

/// One row a partition: `["https://sts.{region}.amazonaws.com", …]`, each with ` REGION` behind it where the signature is for one
/// Region wherever the call is made, null where the service has no such address. A Region that differs has a row of its own beside its partition's.
pub(super) fn table(rules: &Value, partitions: &Value) -> anyhow::Result<Value> {
    let mut table = Map::new();
    for partition in at(partitions, "/partitions").as_array().context("no partitions")? {
        let id = at(partition, "/id").as_str().context("a partition has no id")?;
        let regions = at(partition, "/regions").as_object().context("a partition has no Regions")?;
        let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut by_region = BTreeMap::new();
        for region in regions.keys().filter(|region| !region.ends_with("-global")) {
            let row = row_of(rules, partition, region)?;
            rows.entry(row.to_string()).or_default().push(region.clone());
            by_region.insert(region.clone(), row);
        }
        let most = rows.values().map(Vec::len).max().unwrap_or_default();
        let Some((_, like)) = rows.into_iter().find(|(_, regions)| regions.len() == most) else { continue };
        let common = like.first().and_then(|region| by_region.get(region)).cloned().unwrap_or_default();
        by_region.retain(|_, row| *row != common);
        table.extend(by_region);
        table.insert(id.to_owned(), common);
    }
    Ok(Value::Object(table))
}

fn row_of(rules: &Value, partition: &Value, region: &str) -> anyhow::Result<Value> {
    let row = VARIANTS.map(|(fips, dual_stack)| {
        let given = BTreeMap::from([
            ("Region", json!(region)),
            ("UseFIPS", json!(fips)),
            ("UseDualStack", json!(dual_stack)),
            ("UseGlobalEndpoint", json!(false)),
            ("ForcePathStyle", json!(true)),
            ("Accelerate", json!(false)),
            ("DisableAccessPoints", json!(true)),
            ("DisableMultiRegionAccessPoints", json!(true)),
        ]);
        let known = given.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let evaluation = Rules { partition };
        evaluation.of(at(rules, "/rules"), &known)?.context("no rule holds")
    });
    row.into_iter()
        .map(|found| {
            Ok(match found? {
                Found::Error => Value::Null,
                Found::Address { url, signed_for: None } => json!(url.replace(region, "{region}")),
                Found::Address { url, signed_for: Some(signed) } => json!(format!("{url} {signed}")),
            })
        })
        .collect::<anyhow::Result<Vec<Value>>>()
        .map(Value::Array)
}

struct Rules<'a> {
    partition: &'a Value,
}

enum Found {
    Address {
        url: String,
        signed_for: Option<String>,
    },
    /// The service has no such address.
    Error,
}

type Known = BTreeMap<String, Value>;

impl Rules<'_> {
    /// What the first rule that holds says.
    fn of(&self, rules: &Value, known: &Known) -> anyhow::Result<Option<Found>> {
        for rule in rules.as_array().context("rules are no list")? {
            let mut known = known.clone();
            if !self.hold(at(rule, "/conditions"), &mut known)? {
                continue;
            }
            match at(rule, "/type").as_str() {
                Some("tree") => match self.of(at(rule, "/rules"), &known)? {
                    None => bail!("no rule of a tree holds"),
                    found => return Ok(found),
                },
                Some("error") => return Ok(Some(Found::Error)),
                Some("endpoint") => return self.address(at(rule, "/endpoint"), &known).map(Some),
                _ => bail!("a rule of an unknown type"),
            }
        }
        Ok(None)
    }

    fn address(&self, endpoint: &Value, known: &Known) -> anyhow::Result<Found> {
        let Value::String(url) = self.value(at(endpoint, "/url"), known)? else {
            bail!("an address is no text")
        };
        let schemes = at(endpoint, "/properties/authSchemes").as_array();
        let signed = schemes.into_iter().flatten().find(|scheme| at(scheme, "/name") == "sigv4");
        // `{Region}` is the Region of the call: no other than the address's.
        let signed_for = signed.and_then(|scheme| at(scheme, "/signingRegion").as_str());
        let signed_for = signed_for.filter(|region| *region != "{Region}");
        let signed_for = signed_for.map(|region| self.filled(region, known)).transpose()?;
        Ok(Found::Address { url, signed_for })
    }

    fn hold(&self, conditions: &Value, known: &mut Known) -> anyhow::Result<bool> {
        for condition in conditions.as_array().context("conditions are no list")? {
            let value = self.value(condition, known)?;
            if matches!(value, Value::Null | Value::Bool(false)) {
                return Ok(false);
            }
            if let Some(name) = at(condition, "/assign").as_str() {
                known.insert(name.to_owned(), value);
            }
        }
        Ok(true)
    }

    fn value(&self, of: &Value, known: &Known) -> anyhow::Result<Value> {
        match of {
            Value::String(text) => Ok(json!(self.filled(text, known)?)),
            Value::Object(object) => {
                match (object.get("ref").and_then(Value::as_str), object.get("fn").and_then(Value::as_str)) {
                    (Some(name), _) => Ok(known.get(name).cloned().unwrap_or_default()),
                    (None, Some(function)) => self.call(function, at(of, "/argv"), known),
                    _ => bail!("neither a reference nor a function"),
                }
            }
            other => Ok(other.clone()),
        }
    }

    fn call(&self, function: &str, arguments: &Value, known: &Known) -> anyhow::Result<Value> {
        let argument_of = |index: usize| arguments.get(index).unwrap_or(&Value::Null);
        let argument = |index: usize| self.value(argument_of(index), known);
        Ok(match function {
            "isSet" => json!(!argument(0)?.is_null()),
            "not" => json!(argument(0)? != json!(true)),
            "booleanEquals" | "stringEquals" => json!(argument(0)? == argument(1)?),
            "aws.partition" => at(self.partition, "/outputs").clone(),
            "getAttr" => {
                let path = argument_of(1).as_str().context("getAttr without a path")?;
                argument(0)?.get(path).cloned().unwrap_or_default()
            }
            "isValidHostLabel" => json!(argument(0)?.is_string()),
            other => bail!("the function {other} is not known"),
        })
    }

    /// `{Name}` and `{Name#part}` in a text.
    fn filled(&self, text: &str, known: &Known) -> anyhow::Result<String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').context("a brace is not closed")?;
            let value = match name.split_once('#') {
                Some((name, part)) => known.get(name).and_then(|value| value.get(part)),
                None => known.get(name),
            };
            filled.push_str(before);
            filled.push_str(value.and_then(Value::as_str).with_context(|| format!("`{name}` is not known"))?);
            rest = behind;
        }
        filled.push_str(rest);
        Ok(filled)
    }
}
