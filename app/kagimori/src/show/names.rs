//! Accounts and principals as people call them; the id and the ARN stand in a title.

use std::collections::BTreeMap;

use kagimori_id::{AccountId, Arn};
use kagimori_plan::plan::Step;
use kagimori_plan::settings::Settings;

use super::html::{Html, both, breakable, html};

/// What the settings call the accounts.
pub(crate) struct Names(BTreeMap<AccountId, String>);

impl Names {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self(settings.account_names.clone())
    }

    /// The name of an account, else its id.
    pub(crate) fn account(&self, id: AccountId) -> String {
        self.0.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// The name of an account with its id.
    pub(crate) fn account_with_id(&self, id: AccountId) -> String {
        self.0.get(&id).map_or_else(|| id.to_string(), |name| format!("{name} {id}"))
    }

    /// `deploy  role · production`: what is no ARN stands as it is.
    pub(crate) fn principal(&self, text: &str) -> Html {
        let Ok(arn) = Arn::parse(text) else { return html!("<span class=\"who\"><b>{}</b></span>", text) };
        html!(
            "<span class=\"who\" title=\"{}\"><b>{}</b> <span class=\"soft\">{} · {}</span></span>",
            text,
            breakable(name(&arn)),
            kind(&arn),
            self.owner(&arn)
        )
    }

    /// The same where the account goes without saying.
    pub(crate) fn of_account(&self, arn: &Arn) -> Html {
        html!(
            "<span class=\"who\" title=\"{}\"><b>{}</b> <span class=\"soft\">{}</span></span>",
            arn.as_str(),
            breakable(name(arn)),
            kind(arn)
        )
    }

    /// A sentence in which identities and policies are named by ARN.
    pub(crate) fn sentence(&self, text: &str) -> Html {
        let word = |word: &str| {
            let (before, rest) = word.split_at(word.find("arn:").unwrap_or_default());
            let end = rest.find([' ', '`', '"', '\'', ',', ';', ')', '、', '。', '」']).unwrap_or(rest.len());
            let (arn, after) = rest.split_at(end);
            let is_known = Arn::parse(arn).is_ok_and(|arn| matches!(arn.service(), "iam" | "sts"));
            if is_known {
                html!("{}{}{}", breakable(before), self.inline(arn), after)
            } else {
                breakable(word)
            }
        };
        text.split_inclusive(' ').map(word).collect()
    }

    /// A name in a sentence of one language.
    fn inline(&self, text: &str) -> Html {
        let Ok(arn) = Arn::parse(text) else { return breakable(text) };
        html!("<b title=\"{}\">{}</b> ({})", text, breakable(name(&arn)), self.owner(&arn))
    }

    /// Whose something is. The policies of AWS are of the account `aws`.
    fn owner(&self, arn: &Arn) -> String {
        arn.account().map_or_else(|| "AWS".to_owned(), |id| self.account(id))
    }

    /// The same in both languages.
    pub(crate) fn sentences(&self, english: &str, japanese: &str) -> Html {
        html!(
            "<span lang=\"en\">{}</span><span lang=\"ja\">{}</span>",
            self.sentence(english),
            self.sentence(japanese)
        )
    }

    /// Changes in their order.
    pub(crate) fn steps(&self, steps: &[Step]) -> Html {
        let item =
            |step: &Step| html!("<li>{}</li>", self.sentences(&step.sentence, &step.change.japanese()));
        html!("<ol>{}</ol>", steps.iter().map(item).collect::<Html>())
    }

    /// `sqs:ap-northeast-1:orders`: the Region where it has one, the account where it is not that of whom it is told.
    pub(crate) fn resource(&self, text: &str, of: &str) -> Html {
        let Ok(arn) = Arn::parse(text) else { return html!("<code>{}</code>", breakable(text)) };
        let own = Arn::parse(of).ok().and_then(|arn| arn.account());
        let region = text.split(':').nth(3).filter(|region| !region.is_empty());
        let account = text.split(':').nth(4).filter(|account| !account.is_empty());
        let account = account.filter(|_| arn.account().is_none() || arn.account() != own);
        let parts = [
            Some(arn.service().to_owned()),
            region.map(str::to_owned),
            account.map(|text| arn.account().map_or_else(|| text.to_owned(), |id| self.account(id))),
            Some(arn.resource().to_owned()),
        ];
        let short: Vec<String> = parts.into_iter().flatten().collect();
        html!("<code title=\"{}\">{}</code>", text, breakable(&short.join(":")))
    }
}

/// What it is.
fn kind(arn: &Arn) -> Html {
    match arn.resource().split('/').next().unwrap_or_default() {
        "user" => both("user", "ユーザー"),
        "role" => both("role", "ロール"),
        "group" => both("group", "グループ"),
        "policy" => both("policy", "ポリシー"),
        "assumed-role" => both("session", "セッション"),
        "root" => both("root user", "ルートユーザー"),
        other => other.into(),
    }
}

/// A session keeps its role's name before its own.
fn name(arn: &Arn) -> &str {
    match arn.resource().split_once('/') {
        Some(("user" | "role" | "group" | "policy", _)) => arn.name(),
        Some((_, rest)) => rest,
        None => arn.resource(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names(BTreeMap::from([(AccountId::parse("111122223333").unwrap(), "production".to_owned())]))
    }

    #[test]
    fn a_principal_is_called_by_its_name_and_its_accounts() {
        let text = names().principal("arn:aws:iam::111122223333:role/ci/deploy");
        assert!(text.as_str().contains("<b>deploy</b>") && text.as_str().contains("· production<"));
        assert!(text.as_str().contains("title=\"arn:aws:iam::111122223333:role/ci/deploy\""));
        let text = names().principal("arn:aws:sts::444455556666:assumed-role/deploy/me");
        assert!(text.as_str().contains("<b>deploy/<wbr>me</b>") && text.as_str().contains("· 444455556666<"));
        assert!(names().principal("<nobody>").as_str().contains("<b>&lt;nobody&gt;</b>"));
    }

    #[test]
    fn a_sentence_keeps_its_words() {
        let text = "detach `arn:aws:iam::aws:policy/job-function/ViewOnlyAccess` from arn:aws:iam::111122223333:user/a, b.";
        let shown = names().sentence(text);
        let shown = shown.as_str();
        assert!(shown.starts_with("detach `<b ") && shown.ends_with("(production), b."), "{shown}");
        assert!(shown.contains(">ViewOnlyAccess</b> (AWS)` from"), "{shown}");
        assert!(shown.contains(">a</b> (production)"), "{shown}");
    }

    /// Two that differ only in Region or account are not shown alike.
    #[test]
    fn a_resource_keeps_what_tells_it_apart() {
        let of = "arn:aws:iam::111122223333:user/a";
        let shown = |text: &str| names().resource(text, of).as_str().replace("<wbr>", "");
        let queues = ["arn:aws:sqs:us-east-1:111122223333:q", "arn:aws:sqs:us-west-2:111122223333:q"];
        assert!(shown(queues[0]).ends_with(">sqs:us-east-1:q</code>"));
        assert!(shown(queues[1]).ends_with(">sqs:us-west-2:q</code>"));
        assert!(
            shown("arn:aws:sqs:us-east-1:444455556666:q").ends_with(">sqs:us-east-1:444455556666:q</code>")
        );
        assert!(shown("arn:aws:sqs:*:*:q").ends_with(">sqs:*:*:q</code>"));
        assert!(shown("arn:aws:s3:::b/k").ends_with(">s3:b/k</code>"));
        assert!(shown("*").ends_with("<code>*</code>"));
    }
}
