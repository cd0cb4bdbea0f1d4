//! What `migrate --out` writes: plans where plans lie; a folder for each role with a README in both languages, its trust policy, its policy and
//! its Terraform; and a list of all credentials to send round.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use kagimori_estate::change::{Change, EntityChange, Holdings, ProviderChange};
use kagimori_lake::private::Edition;
use kagimori_migrate::{Certainty, NOT_SEEN, Proposal, question, what_changes};
use kagimori_plan::Plan;
use kagimori_policy::print::print_pretty;

use super::gather::{Outcome, Row};
use super::road::Road;
use super::show::proofs;
use crate::command::tighten::terraform::{heredoc, label};
use crate::command::whatif;
use crate::error::AppError;
use crate::show::csv::Table;
use crate::show::numbers::{day, thousands};

/// Writes them.
pub(super) fn write(folder: &Path, root: &Path, outcome: &Outcome) -> Result<(), AppError> {
    let plans = outcome.roads.values().filter_map(|road| match road {
        Road::Role(_, plan) => Some(&**plan),
        _ => None,
    });
    whatif::save(root, plans)?;
    let failed = |error| AppError::write(folder, error);
    let edition = Edition::begin(folder).map_err(failed)?;
    let put =
        |name: &Path, text: &str| edition.write(name, |out| out.write_all(text.as_bytes())).map_err(failed);
    let roles: Vec<(&Row, &Proposal, &Plan)> = outcome
        .roads
        .iter()
        .filter_map(|(place, road)| match road {
            Road::Role(proposal, plan) => Some((outcome.rows.get(*place)?, &**proposal, &**plan)),
            _ => None,
        })
        .collect();
    for (row, proposal, plan) in &roles {
        let own = place(row, &roles);
        put(&own.join("README.md"), &readme(row, proposal, plan))?;
        put(&own.join("trust.json"), &format!("{}\n", print_pretty(&proposal.trust.document)))?;
        for (number, document) in proposal.policies.iter().enumerate() {
            let name = if number == 0 {
                "policy.json".to_owned()
            } else {
                format!("policy-{}.json", number.saturating_add(1))
            };
            put(&own.join(name), &format!("{}\n", print_pretty(document)))?;
        }
        put(&own.join("role.tf"), &terraform(row, proposal, plan))?;
    }
    edition.write("credentials.csv", |out| list(outcome, out)).map_err(failed)?;
    edition.publish().map_err(failed)
}

/// `ACCOUNT/USER`; of a user with several roles `ACCOUNT/USER~KEY`.
fn place(row: &Row, roles: &[(&Row, &Proposal, &Plan)]) -> PathBuf {
    let several = roles.iter().filter(|(other, ..)| other.user == row.user).count() > 1;
    let mut name = String::new();
    for byte in row.user.name().bytes() {
        match byte {
            b'-' | b'_' | b'.' => name.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => name.push(char::from(byte)),
            _ => {
                let _ = write!(name, "~{byte:02x}");
            }
        }
    }
    if several {
        let _ = write!(name, "~{}", row.credential.as_str());
    }
    Path::new(&row.account.to_string()).join(name)
}

fn readme(row: &Row, proposal: &Proposal, plan: &Plan) -> String {
    let name = proposal.role.name();
    let mut text = format!("# {name}\n\n");
    let id: String = plan.id.chars().take(12).collect();
    let (home, home_ja) = row.judged.home.words();
    let certainty = row.judged.home.certainty().map(|certainty| certainty.words());
    let (sure, sure_ja) = certainty.unwrap_or_default();
    let _ = write!(
        text,
        "Takes the place of `{key}` of `{user}`: {home} ({sure}).\n\n`{key}`（`{user}`）の移行先：{home_ja}（{sure_ja}）\n\n",
        key = row.credential.as_str(),
        user = row.user,
    );
    section(&mut text, "Evidence / 根拠", evidence(row));
    section(&mut text, "Proofs / 証明", proofs(proposal));
    section(&mut text, "Why each permission / 許可の理由", why(proposal));
    section(&mut text, "What changes where / 変更箇所", changes(row));
    let notes = proposal.trust.notes.clone();
    section(&mut text, "To know / 注意", notes);
    let named = proposal.named.iter().map(|named| {
        let (english, japanese) = named.naming.advice();
        (format!("{}: {english}", named.place), format!("{}：{japanese}", named.place))
    });
    section(&mut text, "What names the user / ユーザーを参照しているもの", named.collect());
    let unseen = NOT_SEEN.iter().map(|(english, japanese)| ((*english).to_owned(), (*japanese).to_owned()));
    section(&mut text, "Not seen: look there / 確認できないもの", unseen.collect());
    section(&mut text, "Steps / 手順", steps(row, proposal, &id));
    text
}

fn section(text: &mut String, heading: &str, lines: Vec<(String, String)>) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "## {heading}\n");
    for (english, japanese) in lines {
        let _ = writeln!(text, "* {english}\n  {japanese}");
    }
    text.push('\n');
}

fn evidence(row: &Row) -> Vec<(String, String)> {
    let pieces = row.judged.workloads.iter().flat_map(|(_, workload)| &workload.pieces);
    pieces
        .map(|piece| {
            let (english, japanese) = piece.sort.words();
            let event = piece.event.as_deref().map_or(String::new(), |event| format!(", event `{event}`"));
            (
                format!("{english}: {} ({} calls{event})", piece.says, thousands(piece.calls)),
                format!("{japanese}：{}（{} 件）", piece.says, thousands(piece.calls)),
            )
        })
        .collect()
}

/// Of each action the calls behind it; what the trail would not have shown stays, and says so.
fn why(proposal: &Proposal) -> Vec<(String, String)> {
    let actions = proposal.tightened.elements.iter().filter(|element| element.part == "action");
    actions
        .map(|element| match &element.support {
            Some(support) => {
                let (calls, event) =
                    (thousands(support.calls), support.first.event_id.as_deref().unwrap_or("-"));
                let last = day(support.last);
                (
                    format!("`{}`: {calls} calls, the last on {last}, event `{event}`", element.text),
                    format!("`{}`：{calls} 件、最終 {last}、イベント `{event}`", element.text),
                )
            }
            None => (
                format!("`{}`: the user has it, and this trail would not show its use", element.text),
                format!("`{}`：ユーザーに許可されており、この証跡には利用が残りません", element.text),
            ),
        })
        .collect()
}

fn changes(row: &Row) -> Vec<(String, String)> {
    let mut sources: BTreeMap<_, u64> = BTreeMap::new();
    for (source, calls) in row.judged.workloads.iter().flat_map(|(_, workload)| &workload.sources) {
        let held = sources.entry(*source).or_default();
        *held = held.saturating_add(*calls);
    }
    sources
        .into_iter()
        .map(|(source, calls)| {
            let (english, japanese) = what_changes(source);
            let calls = thousands(calls);
            (format!("{english} ({calls} calls)"), format!("{japanese}（{calls} 件）"))
        })
        .collect()
}

fn steps(row: &Row, proposal: &Proposal, id: &str) -> Vec<(String, String)> {
    let key = row.credential.as_str();
    let role = proposal.role.name();
    let step = |english: String, japanese: String| (english, japanese);
    let whom = row.owner.as_deref().unwrap_or("whoever answers for the account");
    let asked = (row.judged.home.certainty() == Some(Certainty::Likely)).then(|| {
        let (home, home_ja) = row.judged.home.words();
        step(
            format!("ask {whom} whether it is {home}: the evidence makes it likely, and nothing more"),
            format!("{home_ja}で正しいか {whom} に確認します（根拠からの推定です）"),
        )
    });
    let steps = [
        step(
            format!(
                "make the role beside the key: `kagimori apply {id}`, or `role.tf`; `kagimori undo {id}` takes it away"
            ),
            format!(
                "キーはそのままにしてロールを作成します：`kagimori apply {id}` または `role.tf`（取り消しは `kagimori undo {id}`）"
            ),
        ),
        step(
            "name the role beside the user in what stands under \"What names the user\"".to_owned(),
            "「ユーザーを参照しているもの」にロールを追加します".to_owned(),
        ),
        step(
            format!(
                "give the program the role and take the key out of one place; `kagimori trail usage --role {role}` shows that the role works"
            ),
            format!(
                "プログラムにロールを割り当て、1 か所ずつキーを取り除きます。`kagimori trail usage --role {role}` でロールの利用を確認します"
            ),
        ),
        step(
            format!(
                "wait until the key is quiet for as long as its longest pause: `kagimori trail key {key}`"
            ),
            format!("キーの利用がなくなるまで待ちます（最長の利用間隔以上）：`kagimori trail key {key}`"),
        ),
        step(
            format!("then retire it in stages: `kagimori retire start {key}`"),
            format!("その後、段階的に廃止します：`kagimori retire start {key}`"),
        ),
    ];
    asked.into_iter().chain(steps).collect()
}

fn terraform(row: &Row, proposal: &Proposal, plan: &Plan) -> String {
    let name = proposal.role.name();
    let label = label("role", name);
    let one_line = |text: &str| {
        text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect::<String>()
    };
    let mut text = format!(
        "# {name}: takes the place of {} of {}, plan {}\n",
        row.credential.as_str(),
        row.user,
        plan.id
    );
    for (what, value) in [("owner", &row.owner), ("purpose", &row.purpose)] {
        if let Some(value) = value {
            let _ = writeln!(text, "# {what}: {}", one_line(value));
        }
    }
    text.push_str(&provider(proposal));
    let _ = write!(
        text,
        "\nresource \"aws_iam_role\" \"{label}\" {{\n  name                 = \"{name}\"\n  max_session_duration = {}\n  assume_role_policy   = {}\n",
        proposal.session_seconds,
        heredoc(&proposal.trust.document)
    );
    if let Some(holds) = holdings(proposal) {
        if let Some(description) = &holds.description {
            let _ = writeln!(text, "  description          = {}", quoted(description));
        }
        if let Some(boundary) = &holds.boundary {
            let _ = writeln!(text, "  permissions_boundary = {}", quoted(boundary.as_str()));
        }
        if !holds.tags.is_empty() {
            text.push_str("  tags = {\n");
            let width = holds.tags.keys().map(|key| quoted(key).chars().count()).max().unwrap_or_default();
            for (key, value) in &holds.tags {
                let _ = writeln!(text, "    {:width$} = {}", quoted(key), quoted(value));
            }
            text.push_str("  }\n");
        }
    }
    text.push_str("}\n");
    text.push_str("\n# why each permission:\n");
    for (english, _) in why(proposal) {
        let _ = writeln!(text, "# {}", one_line(&english));
    }
    for (number, document) in proposal.policies.iter().enumerate() {
        let part = if number == 0 { String::new() } else { format!("-{}", number.saturating_add(1)) };
        let _ = write!(
            text,
            "\nresource \"aws_iam_role_policy\" \"{label}{part}\" {{\n  name   = \"kagimori-least-privilege{part}\"\n  role   = aws_iam_role.{label}.name\n  policy = {}\n}}\n",
            heredoc(document)
        );
    }
    if row.judged.home.class() == Some(kagimori_migrate::Class::AwsEc2) {
        let _ = write!(
            text,
            "\nresource \"aws_iam_instance_profile\" \"{label}\" {{\n  name = \"{name}\"\n  role = aws_iam_role.{label}.name\n}}\n"
        );
    }
    text
}

/// The identity provider, where the plan makes it.
fn provider(proposal: &Proposal) -> String {
    let made = proposal.changes.iter().find_map(|change| match change {
        Change::Provider(ProviderChange::CreateOidcProvider { provider, takes, .. }) => {
            Some((provider, takes))
        }
        _ => None,
    });
    let Some((provider, takes)) = made else { return String::new() };
    let issuer = provider.resource().trim_start_matches("oidc-provider/");
    let audiences: Vec<String> = takes.audiences.iter().map(|audience| quoted(audience)).collect();
    format!(
        "\n# one for the account, whichever role comes first\nresource \"aws_iam_openid_connect_provider\" \"{}\" {{\n  url            = {}\n  client_id_list = [{}]\n}}\n",
        label("oidc", issuer),
        quoted(&format!("https://{issuer}")),
        audiences.join(", ")
    )
}

fn holdings(proposal: &Proposal) -> Option<&Holdings> {
    proposal.changes.iter().find_map(|change| match change {
        Change::Entity(EntityChange::CreateIdentity { holds, .. }) => Some(&**holds),
        _ => None,
    })
}

/// A text of Terraform: `${` and `%{` begin templates; doubled they are text.
fn quoted(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap_or_default();
    json.replace("${", "$${").replace("%{", "%%{")
}

/// A row for each credential, to send round.
fn list(outcome: &Outcome, out: &mut dyn io::Write) -> io::Result<()> {
    let header = [
        "account",
        "user",
        "credential",
        "class",
        "certainty",
        "calls",
        "last_call",
        "owner",
        "role",
        "question",
        "question_ja",
    ];
    let mut table = Table::begin(out, false, &header)?;
    for (place, row) in outcome.rows.iter().enumerate() {
        let judged = &row.judged;
        let last = judged.workloads.iter().map(|(_, workload)| workload.tally.last).max();
        let (english, japanese) = question(judged).unwrap_or_default();
        let certainty = judged.home.certainty().map_or("", |certainty| certainty.words().0);
        table.row(&[
            row.account.to_string(),
            row.user.to_string(),
            row.credential.as_str().to_owned(),
            judged.home.as_str().to_owned(),
            certainty.to_owned(),
            judged.calls.to_string(),
            last.map(day).unwrap_or_default(),
            row.owner.clone().unwrap_or_default(),
            outcome.roads.get(&place).and_then(Road::role).map(ToString::to_string).unwrap_or_default(),
            english,
            japanese,
        ])?;
    }
    table.end()
}
