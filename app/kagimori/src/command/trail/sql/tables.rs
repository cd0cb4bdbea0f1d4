//! `trail tables`: the statements that make the lake's files tables of another engine, and the raw CloudTrail files one of
//! Athena. The columns are those that the lake writes.

use std::fmt::Write;
use std::path::{Path, absolute};

use kagimori_lake::{Coverage, Kind, TABLES, Table};

use super::quoted;
use crate::args::{SqlEngine, TrailTables};
use crate::error::AppError;

/// The columns of CloudTrail's records, as its own SerDe reads them. Bodies are text: the same key has other types in other
/// events.
const RAW_COLUMNS: &str = "eventversion STRING,
  useridentity STRUCT<type:STRING,principalid:STRING,arn:STRING,accountid:STRING,accesskeyid:STRING,username:STRING,
    invokedby:STRING,identityprovider:STRING,onbehalfof:STRUCT<userid:STRING,identitystorearn:STRING>,
    sessioncontext:STRUCT<attributes:STRUCT<mfaauthenticated:STRING,creationdate:STRING>,
      sessionissuer:STRUCT<type:STRING,principalid:STRING,arn:STRING,accountid:STRING,username:STRING>,
      ec2roledelivery:STRING,sourceidentity:STRING,
      webidfederationdata:STRUCT<federatedprovider:STRING,attributes:MAP<STRING,STRING>>>>,
  eventtime STRING, eventsource STRING, eventname STRING, awsregion STRING, sourceipaddress STRING, useragent STRING,
  errorcode STRING, errormessage STRING, requestparameters STRING, responseelements STRING, additionaleventdata STRING,
  requestid STRING, eventid STRING, readonly STRING,
  resources ARRAY<STRUCT<arn:STRING,accountid:STRING,type:STRING>>,
  eventtype STRING, apiversion STRING, recipientaccountid STRING, serviceeventdetails STRING, sharedeventid STRING,
  vpcendpointid STRING, vpcendpointaccountid STRING, eventcategory STRING, addendum STRING,
  sessioncredentialfromconsole STRING,
  tlsdetails STRUCT<tlsversion:STRING,ciphersuite:STRING,clientprovidedhostheader:STRING>";

/// A file set's files, as DuckDB reads them. `day` stays text, as it is for the others; a column that an older part lacks
/// is null there.
pub(super) fn files(lake: &str, set: &str) -> String {
    let files = quoted(&format!("{}/{set}/*/*.parquet", lake.trim_end_matches(['/', '\\'])));
    format!(
        "read_parquet({files}, union_by_name = true, hive_partitioning = true, hive_types = {{'day': VARCHAR}})"
    )
}

/// The statements.
pub(in crate::command::trail) fn tables(
    command: &TrailTables,
    lake: &Path,
    coverage: &Coverage,
) -> Result<String, AppError> {
    let engine = command.sql;
    let Some(first) = &coverage.first else { return Err(AppError::NoLake(command.dir.clone())) };
    let location = match &command.location {
        Some(location) => bucket_folder("--location", location)?,
        None if engine == SqlEngine::Duckdb => {
            let lake = absolute(lake).map_err(|source| AppError::read(lake, source))?;
            lake.to_string_lossy().into_owned()
        }
        None => {
            return Err(AppError::Argument {
                message: "Athena and Trino read the lake from a bucket, and `--location` does not tell where it lies"
                    .to_owned(),
                hint: "copy it (`aws s3 sync DIR/lake/ s3://BUCKET/lake/ --exclude '_kagimori/*'`) and give \
                       `--location s3://BUCKET/lake/`"
                    .to_owned(),
            });
        }
    };
    let written = TABLES.iter().filter(|table| table.name != "bodies" || lake.join(table.name).is_dir());
    let mut text = String::new();
    for table in written {
        let statement = match engine {
            SqlEngine::Duckdb => view(table, &location),
            SqlEngine::Athena => athena(table, &location, first),
            SqlEngine::Trino => trino(table, &location),
        };
        text.push_str(&statement);
    }
    if let Some(raw) = &command.raw {
        if engine != SqlEngine::Athena {
            return Err(AppError::Argument {
                message: "only Athena can read the trail's own files".to_owned(),
                hint: "leave out `--raw`, or give `--sql athena`".to_owned(),
            });
        }
        text.push_str(&raw_table(raw, command.organization.as_deref(), coverage, first)?);
    }
    Ok(text)
}

fn view(table: &Table, location: &str) -> String {
    let (name, files) = (table.name, files(location, table.name));
    format!("CREATE OR REPLACE VIEW kagimori_{name} AS\nSELECT * FROM {files};\n")
}

/// Days by projection: nothing has to be told of a new one. One before the first is not looked for.
fn athena(table: &Table, location: &str, first: &str) -> String {
    let name = table.name;
    let columns = table.columns.iter().map(|column| {
        let kind = match column.kind {
            Kind::Time => "TIMESTAMP",
            Kind::Number => "BIGINT",
            Kind::Flag => "BOOLEAN",
            Kind::List => "ARRAY<STRING>",
            _ => "STRING",
        };
        // Words of HiveQL in some versions.
        let quote = if ["first", "last"].contains(&column.name) { "`" } else { "" };
        format!("{quote}{}{quote} {kind}", column.name)
    });
    let folder = format!("{location}{name}/");
    format!(
        "CREATE EXTERNAL TABLE IF NOT EXISTS kagimori_{name} (\n{}\n)\nPARTITIONED BY (day STRING)\nSTORED AS PARQUET\n\
         LOCATION {}\nTBLPROPERTIES (\n{}\n);\n",
        lines(columns),
        quoted(&folder),
        lines(projected_days("yyyy-MM-dd", first, &format!("{folder}day=${{day}}")).into_iter())
    )
}

fn projected_days(format: &str, first: &str, folder: &str) -> Vec<String> {
    let property = |name: &str, value: &str| format!("{} = {}", quoted(name), quoted(value));
    vec![
        property("projection.enabled", "true"),
        property("projection.day.type", "date"),
        property("projection.day.format", format),
        property("projection.day.range", &format!("{first},NOW")),
        property("projection.day.interval", "1"),
        property("projection.day.interval.unit", "DAYS"),
        property("storage.location.template", folder),
    ]
}

/// Trino's own catalogs take a precision of times that is theirs to set; milliseconds is what they are set to.
fn trino(table: &Table, location: &str) -> String {
    let name = table.name;
    let columns = table.columns.iter().map(|column| {
        let kind = match column.kind {
            Kind::Time => "TIMESTAMP(3)",
            Kind::Number => "BIGINT",
            Kind::Flag => "BOOLEAN",
            Kind::List => "ARRAY(VARCHAR)",
            _ => "VARCHAR",
        };
        format!("\"{}\" {kind}", column.name)
    });
    format!(
        "-- After this, and after each ingest: CALL system.sync_partition_metadata('SCHEMA', 'kagimori_{name}', 'FULL')\n\
         CREATE TABLE IF NOT EXISTS kagimori_{name} (\n{}\n)\nWITH (\n{}\n);\n",
        lines(columns.chain(["\"day\" VARCHAR".to_owned()])),
        lines(
            [
                "format = 'PARQUET'".to_owned(),
                format!("external_location = {}", quoted(&format!("{location}{name}/"))),
                "partitioned_by = ARRAY['day']".to_owned(),
            ]
            .into_iter()
        )
    )
}

/// The trail's own files: by account, Region and day of delivery. Accounts and Regions are listed, so a new one is not seen
/// until the table is made again.
fn raw_table(
    raw: &str,
    organization: Option<&str>,
    coverage: &Coverage,
    first: &str,
) -> Result<String, AppError> {
    let mut folder = bucket_folder("--raw", raw)?;
    if folder.split('/').any(|part| part == "AWSLogs") {
        return Err(AppError::Argument {
            message: format!("`{raw}` leads into `AWSLogs/`"),
            hint: "give what lies before it: `--raw s3://BUCKET/` or `--raw s3://BUCKET/PREFIX/`".to_owned(),
        });
    }
    folder.push_str("AWSLogs/");
    if let Some(organization) = organization {
        let id = organization.strip_prefix("o-").unwrap_or_default();
        if !(10..=32).contains(&id.len()) || !id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        {
            return Err(AppError::Argument {
                message: format!("`{organization}` is not the id of an organization"),
                hint: "it is `o-` and 10 to 32 lower-case letters and digits: `aws organizations describe-organization`"
                    .to_owned(),
            });
        }
        let _ = write!(folder, "{organization}/");
    }
    let days = projected_days(
        "yyyy/MM/dd",
        &first.replace('-', "/"),
        &format!("{folder}${{account}}/CloudTrail/${{region}}/${{day}}"),
    );
    let listed = |name: &str, values: Vec<&str>| {
        let of = |what: &str, value: &str| format!("'projection.{name}.{what}' = {}", quoted(value));
        [of("type", "enum"), of("values", &values.join(","))]
    };
    // What an event tells may be anything; folders of trails have these names.
    let accounts = distinct(coverage.regions.iter().map(|region| region.account.as_str()), |account| {
        account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())
    });
    let regions = distinct(coverage.regions.iter().map(|region| region.region.as_str()), |region| {
        region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && region.contains('-')
    });
    if accounts.is_empty() || regions.is_empty() {
        return Err(AppError::Argument {
            message: "the lake's events tell no account and Region to look for".to_owned(),
            hint: "leave out `--raw`".to_owned(),
        });
    }
    let properties = days.into_iter().chain(listed("account", accounts)).chain(listed("region", regions));
    Ok(format!(
        "-- The trail's own files. Accounts and Regions are those of the lake: print this again when there are others.\n\
         CREATE EXTERNAL TABLE IF NOT EXISTS cloudtrail_raw (\n  {RAW_COLUMNS}\n)\n\
         PARTITIONED BY (account STRING, region STRING, day STRING)\n\
         ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'\n\
         STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'\n\
         OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'\n\
         LOCATION {}\nTBLPROPERTIES (\n{}\n);\n",
        quoted(&folder),
        lines(properties)
    ))
}

fn distinct<'a>(values: impl Iterator<Item = &'a str>, is_name: impl Fn(&str) -> bool) -> Vec<&'a str> {
    let mut values: Vec<&str> = values.filter(|value| is_name(value)).collect();
    values.sort_unstable();
    values.dedup();
    values
}

fn lines(entries: impl Iterator<Item = String>) -> String {
    entries.map(|entry| format!("  {entry}")).collect::<Vec<_>>().join(",\n")
}

/// `s3://BUCKET/PREFIX/`, with a slash at its end.
fn bucket_folder(option: &str, text: &str) -> Result<String, AppError> {
    let wrong = |message: String| AppError::Argument {
        message,
        hint: format!("give a bucket and, when there is one, a prefix: `{option} s3://BUCKET/PREFIX/`"),
    };
    let Some(rest) = text.strip_prefix("s3://") else {
        return Err(wrong(format!("`{text}` does not begin with `s3://`")));
    };
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if !is_bucket(bucket) {
        return Err(wrong(format!("`{bucket}` is not the name of a bucket")));
    }
    let is_odd = |c: char| c.is_control() || c.is_whitespace() || "'\"`\\${}*?".contains(c);
    if prefix.contains(is_odd) || prefix.starts_with('/') || prefix.contains("//") {
        return Err(wrong(format!("the prefix `{prefix}` holds what a table's location cannot")));
    }
    let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
    Ok(format!("s3://{bucket}/{prefix}{slash}"))
}

/// Names of buckets are 3 to 63 lower-case letters, digits, dots and hyphens, with a letter or digit at both ends.
fn is_bucket(name: &str) -> bool {
    let is_end = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && is_end(bytes.first())
        && is_end(bytes.last())
        && bytes.iter().all(|b| is_end(Some(b)) || matches!(b, b'.' | b'-'))
        && !name.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations() {
        let good = [
            ("s3://abc", "s3://abc/"),
            ("s3://abc/", "s3://abc/"),
            ("s3://my.lake-1/a/b", "s3://my.lake-1/a/b/"),
            ("s3://my-lake/a=b/", "s3://my-lake/a=b/"),
        ];
        for (text, expected) in good {
            assert_eq!(bucket_folder("--location", text).unwrap(), expected);
        }
        let bad = [
            "",
            "abc",
            "s3:/abc",
            "https://abc/",
            "s3://",
            "s3://ab",
            "s3://Abc/",
            "s3://a_c/",
            "s3://-abc/",
            "s3://abc./",
            "s3://a..c/",
            "s3://abc//x",
            "s3://abc/x//y",
            "s3://abc/it's/",
            "s3://abc/${day}/",
            "s3://abc/a b/",
            "s3://abc/x\n",
        ];
        for text in bad {
            assert!(bucket_folder("--location", text).is_err(), "{text}");
        }
        assert!(bucket_folder("--location", &format!("s3://{}/", "a".repeat(64))).is_err());
    }
}
