//! What to do, in its order: fewer rights first, then off in stages (at once when somebody else's hand was seen), a role beside the key before
//! the last stage, and what could be read is made anew. History comes last: rewriting it does not take back what was read.

use super::gather::{Case, Level};
use crate::show::numbers::counted;

/// Permissions that read secrets of others, and what to make anew.
const READS: [(&str, &str, &str); 8] = [
    ("secretsmanager:GetSecretValue", "secrets of Secrets Manager", "Secrets Manager のシークレット"),
    ("ssm:GetParameter", "parameters of SSM", "SSM のパラメータ"),
    ("ssm:GetParameters", "parameters of SSM", "SSM のパラメータ"),
    (
        "s3:GetObject",
        "objects of S3 (backups, state files, configuration)",
        "S3 のオブジェクト（バックアップ、状態ファイル、設定）",
    ),
    ("lambda:GetFunction", "code and environment of Lambda functions", "Lambda 関数のコードと環境変数"),
    ("ecs:DescribeTaskDefinition", "environment of ECS tasks", "ECS タスクの環境変数"),
    ("ec2:DescribeInstanceAttribute", "user data of instances", "EC2 のユーザーデータ"),
    ("codecommit:GitPull", "repositories of CodeCommit", "CodeCommit のリポジトリ"),
];

/// A step: what, in English and in Japanese, and the command for it.
pub(super) struct Step {
    pub(super) english: String,
    pub(super) japanese: String,
    pub(super) command: Option<String>,
}

fn step(english: impl Into<String>, japanese: impl Into<String>, command: Option<String>) -> Step {
    Step { english: english.into(), japanese: japanese.into(), command }
}

/// The steps.
pub(super) fn steps(case: &Case) -> Vec<Step> {
    let (key, dir) = (&case.key, &case.dir);
    let Some(owner) = &case.owner else {
        return vec![step(
            "find out whose it is: collect the account that is inside the id",
            "キーの持ち主を確認する（ID に含まれるアカウントの情報を収集する）",
            case.account.map(|account| format!("kagimori collect --account {account}")),
        )];
    };
    let mut steps = Vec::new();
    let off = Some(format!("kagimori whatif --key-off {key} --dir {dir} --save   # then: kagimori apply ID"));
    if case.is_live() && case.is_suspected() {
        steps.push(step(
            "switch it off now: somebody else's hand was seen; what breaks is told above",
            "すぐに無効にする（不審な利用があります。影響は上のとおりです）",
            off.clone(),
        ));
    }
    if case.is_live() && case.replacement.is_ok() {
        steps.push(step(
            "quarantine: give its user only what it needs, while the key still works",
            "隔離する（キーが動いている間、ユーザーの権限を必要なものだけに絞る）",
            Some(format!("kagimori tighten {} --dir {dir}   # then: kagimori apply ID", owner.arn)),
        ));
    }
    if case.could.is_some() {
        let now = case.places.iter().filter(|place| place.is_now).count();
        steps.push(step(
            format!("put a role beside the key, with just what it needs, and change the programs ({} known)", counted(now, "place")),
            format!("キーの代わりにロールを用意し、必要な権限だけを付けて、プログラムを変更する（把握している箇所: {now}）"),
            None,
        ));
    }
    if case.is_live() && !case.is_suspected() {
        steps.push(step(
            "switch it off in stages, with a way back within a minute",
            "段階的に無効にする（1 分以内に元へ戻せます）",
            Some(format!("kagimori retire start {key} --dir {dir}")),
        ));
    }
    let reads = read(case);
    if !reads.is_empty() {
        let english: Vec<&str> = reads.iter().map(|(english, _)| *english).collect();
        let japanese: Vec<&str> = reads.iter().map(|(_, japanese)| *japanese).collect();
        steps.push(step(
            format!("make anew what it could read: {}", english.join("; ")),
            format!("読み取られた可能性のあるものを更新する: {}", japanese.join("、")),
            None,
        ));
    }
    let made = case
        .did
        .iter()
        .flat_map(|did| &did.actions)
        .filter(|(level, _, _, succeeded, _)| *level <= Level::Write && *succeeded > 0);
    let made: Vec<&str> = made.map(|(_, name, ..)| name.as_str()).take(6).collect();
    if !made.is_empty() {
        steps.push(step(
            format!("look at what it made and changed: {}", made.join(", ")),
            format!("このキーで作成・変更されたものを確認する: {}", made.join("、")),
            Some(format!("kagimori trail key {key} --dir {dir}")),
        ));
    }
    steps.push(step(
        "take it out of the sources; of their history last, because rewriting does not take back what was read",
        "ソースから取り除く（履歴の書き換えは最後。読まれた事実は消えません）",
        None,
    ));
    steps
}

/// What it could read that is secret itself.
fn read(case: &Case) -> Vec<(&'static str, &'static str)> {
    let may = |action: &str| {
        case.could.iter().flat_map(|could| could.levels.values()).flatten().any(|own| own == action)
    };
    let mut found: Vec<(&str, &str)> = READS
        .iter()
        .filter(|(action, ..)| may(action))
        .map(|(_, english, japanese)| (*english, *japanese))
        .collect();
    found.dedup();
    found
}
