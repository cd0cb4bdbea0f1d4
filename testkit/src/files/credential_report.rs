//! `aws iam get-credential-report`: the JSON with base64 as the CLI prints it, or the CSV inside.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::calendar::{AS_OF, cli, zulu};
use crate::cast::{BASTION, DATA};
use crate::files::json;
use crate::model::{Account, Key, User};

/// The report was made three hours and some before the snapshot.
pub(crate) const GENERATED: i64 = AS_OF - 11_537;

const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    content: String,
    report_format: &'static str,
    generated_time: String,
}

/// The file's name and bytes: two accounts keep the CSV, the others what the CLI printed.
pub(crate) fn write(account: &Account) -> (&'static str, Vec<u8>) {
    let csv = csv(account);
    if account.id == BASTION || account.id == DATA {
        return ("credential-report.csv", csv.into_bytes());
    }
    let content = STANDARD.encode(csv);
    let report = Report { content, report_format: "text/csv", generated_time: cli(GENERATED) };
    ("credential-report.json", json(&report))
}

/// Lines with a line feed between them and none at the end, as AWS writes it.
fn csv(account: &Account) -> String {
    let rotation = account.password_policy.as_ref().and_then(|policy| policy.max_age);
    let mut lines = vec![HEADER.to_owned(), root(account)];
    lines.extend(account.users.iter().map(|one| user(account, one, rotation)));
    lines.join("\n")
}

fn root(account: &Account) -> String {
    let root = &account.root;
    let used = match root.password_used {
        Some(at) => zulu(at),
        None => "no_information".to_owned(),
    };
    let mut fields = vec![
        "<root_account>".to_owned(),
        account.root_arn(),
        zulu(account.created),
        root.password.to_string(),
        if root.password { used } else { "N/A".to_owned() },
        if root.password { zulu(account.created) } else { "N/A".to_owned() },
        "not_supported".to_owned(),
        root.mfa.is_some().to_string(),
    ];
    fields.extend(slot(root.key.as_ref()));
    fields.extend(slot(None));
    fields.extend(certificates());
    fields.join(",")
}

fn user(account: &Account, user: &User, rotation: Option<u32>) -> String {
    let na = || "N/A".to_owned();
    let password = user.password.as_ref();
    let used = password.map(|password| password.last_used.map_or("no_information".to_owned(), zulu));
    let next =
        password.zip(rotation).map(|(password, days)| zulu(password.changed + i64::from(days) * 86_400));
    let mut fields = vec![
        quoted(&user.name),
        quoted(&account.user_arn(user)),
        zulu(user.created),
        password.is_some().to_string(),
        used.unwrap_or_else(na),
        password.map_or_else(na, |password| zulu(password.changed)),
        next.unwrap_or_else(na),
        user.mfa.is_some().to_string(),
    ];
    fields.extend(slot(user.keys.first()));
    fields.extend(slot(user.keys.get(1)));
    fields.extend(certificates());
    fields.join(",")
}

/// A name with a comma is quoted (RFC 4180).
fn quoted(text: &str) -> String {
    if text.contains(',') { format!("\"{text}\"") } else { text.to_owned() }
}

fn slot(key: Option<&Key>) -> [String; 5] {
    let na = || "N/A".to_owned();
    let Some(key) = key else { return ["false".to_owned(), na(), na(), na(), na()] };
    let [date, region, service] = key.last_used.as_ref().map_or_else(
        || [na(), na(), na()],
        |last| [zulu(last.at), last.region.clone(), last.service.clone()],
    );
    [key.active.to_string(), zulu(key.created), date, region, service]
}

fn certificates() -> [String; 4] {
    ["false", "N/A", "false", "N/A"].map(str::to_owned)
}
