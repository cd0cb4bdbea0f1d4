//! A question about somebody, or a key, of whom the trail tells nothing: is it a slip, or did they do nothing?

use jiff::Timestamp;
use kagimori_id::Arn;
use kagimori_id::nearest;
use kagimori_lake::Names;
use kagimori_terminal::printer;
use kagimori_trail::Usage;
use kagimori_trail::selection::{Selection, Who};

use crate::error::AppError;

/// Names that are offered instead.
const NAMES_OFFERED: usize = 3;

/// Whether an answer is empty that names somebody: then the whole trail is worth a look.
pub(super) fn is_of_nobody(selection: &Selection, usage: &Usage) -> bool {
    let names_somebody = selection.who.is_some() || selection.access_key.is_some();
    let is_empty = usage.users.is_empty() && usage.roles.is_empty() && usage.roots.is_empty();
    let is_empty = is_empty && usage.assumed_roots.is_empty();
    names_somebody && is_empty && usage.keys.is_empty()
}

/// Says where they are in the whole trail, or fails: nobody of that name is there.
pub(super) fn explain(selection: &Selection, names: &Names) -> Result<(), AppError> {
    match (&selection.who, &selection.access_key) {
        (None, Some(key)) => explain_key(selection, key, names),
        (Some(who), None) => explain_principal(who, names),
        _ => Ok(()),
    }
}

fn explain_key(selection: &Selection, key: &str, names: &Names) -> Result<(), AppError> {
    if let Some(seen) = names.keys.get(key) {
        elsewhere(key, *seen);
        return Ok(());
    }
    // Sessions have no usage of their own: of their keys only this question was answered.
    let is_restricted = selection.since.or(selection.until).is_some() || selection.account.is_some();
    if key.starts_with("ASIA") && is_restricted {
        return Ok(());
    }
    let hint = match nearest(key, names.keys.keys().map(String::as_str)) {
        Some(known) => format!("did you mean `{known}`?"),
        None if names.keys.is_empty() => "the trail holds no call with a long-term key".to_owned(),
        None => "a key that was not used in the time of the trail is not in it: `kagimori review` tells of keys that nobody uses, \
                 `kagimori trail coverage` which days there are"
            .to_owned(),
    };
    Err(AppError::Argument { message: format!("the access key `{key}` is in no event of the trail"), hint })
}

fn explain_principal(who: &Who, names: &Names) -> Result<(), AppError> {
    let (Who::Exactly(name) | Who::Named(name) | Who::Role(name)) = who else { return Ok(()) };
    let asked = Selection { who: Some(who.clone()), ..Selection::default() };
    if let Some((arn, seen)) = names.principals.iter().find(|(arn, _)| asked.wants_principal(Some(arn))) {
        elsewhere(arn, *seen);
        return Ok(());
    }
    let kind = if matches!(who, Who::Role(_)) { "role" } else { "user, role or root" };
    let message = format!("no {kind} `{name}` did anything in the trail");
    let arns = names.principals.keys().filter_map(|principal| Arn::parse(principal).ok());
    let found = similar(name, &arns.collect::<Vec<_>>());
    let hint = if found.is_empty() {
        "`kagimori trail usage` lists who did; a name is the last part of an ARN".to_owned()
    } else {
        format!("did you mean {}? `kagimori trail usage` lists who did", found.join(", "))
    };
    Err(AppError::Argument { message, hint })
}

/// They are in the trail, and not in what was asked for.
fn elsewhere(name: &str, (first, last): (i64, i64)) {
    let [first, last] = [first, last].map(|seconds| Timestamp::from_second(seconds).unwrap_or_default());
    printer::note(&format!(
        "`{name}` is in the trail from {first} to {last}, but not in the days and the account that were asked for"
    ));
}

/// The principals with the most similar names: the one that was probably meant, and those that hold what was asked for or lie in it.
fn similar(asked: &str, known: &[Arn]) -> Vec<String> {
    let asked = asked.rsplit('/').next().unwrap_or(asked).to_lowercase();
    let meant = nearest(&asked, known.iter().map(Arn::name));
    let is_part = |name: &str| {
        let short = name.len().min(asked.len());
        short >= 3 && (name.contains(&asked) || asked.contains(name))
    };
    let is_meant = |arn: &&Arn| meant == Some(arn.name());
    let mut found: Vec<(bool, usize, &str)> = known
        .iter()
        .filter(|arn| is_meant(arn) || is_part(&arn.name().to_lowercase()))
        .map(|arn| (!is_meant(&arn), arn.name().len(), arn.as_str()))
        .collect();
    found.sort_unstable();
    found.into_iter().take(NAMES_OFFERED).map(|(.., arn)| format!("`{arn}`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_names() {
        let arns: Vec<Arn> = ["user/svc-suzuki-09", "user/etl-04", "role/path/etl-role-19", "user/Alice"]
            .into_iter()
            .map(|resource| Arn::parse(&format!("arn:aws:iam::111122223333:{resource}")).unwrap())
            .collect();
        let names = |asked: &str| -> Vec<String> {
            let name =
                |arn: String| arn.trim_matches('`').rsplit(['/', ':']).next().unwrap_or_default().to_owned();
            similar(asked, &arns).into_iter().map(name).collect()
        };
        assert_eq!(names("etl-05"), ["etl-04"]);
        assert_eq!(names("alice"), ["Alice"]);
        assert_eq!(names("etl"), ["etl-04", "etl-role-19"]);
        assert_eq!(names("arn:aws:iam::111122223333:user/svc-suzuki-9"), ["svc-suzuki-09"]);
        assert_eq!(names("nobody-of-this-name"), [""; 0]);
    }
}
