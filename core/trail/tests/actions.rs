//! The map from events to permissions, by hand: `actions.toml` beside this file.

#[cfg(test)]
mod tests {
    use kagimori_policy::request::Fact;
    use kagimori_trail::call::{Call, Certainty, Check, CheckedResource};
    use kagimori_trail::event::{Identity, read};
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Cases {
        case: Vec<Case>,
    }

    /// One event, and what is checked for it.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Case {
        /// Label of `eventSource`, and `eventName`.
        event: String,
        request: String,
        resources: Option<String>,
        region: Option<String>,
        r#type: Option<String>,
        error: Option<String>,
        invoked_by: Option<String>,
        /// The checks with everything.
        checks: Option<Vec<String>>,
        /// The checks without condition keys.
        actions: Option<Vec<String>>,
        /// Some condition keys: `action end-of-resource: key=value`.
        #[serde(default)]
        contexts: Vec<String>,
        /// The account that owns the first resource.
        owner: Option<String>,
        outcome: Option<String>,
        gap: Option<String>,
        source: String,
    }

    impl Case {
        fn json(&self) -> String {
            let (source, name) = self.event.split_once(' ').unwrap();
            let quoted = |key: &str, value: &Option<String>| match value {
                Some(value) => format!(r#","{key}":"{value}""#),
                None => String::new(),
            };
            format!(
                r#"{{"eventVersion":"1.11","eventTime":"2026-03-02T08:00:00Z","eventSource":"{source}.amazonaws.com","eventName":"{name}",
            "awsRegion":"{}","recipientAccountId":"111122223333","eventType":"{}","requestParameters":{},"userIdentity":{{"type":"IAMUser",
            "arn":"arn:aws:iam::111122223333:user/ops/ann","accountId":"111122223333","userName":"ann"{}}}{}{}}}"#,
                self.region.as_deref().unwrap_or("eu-west-1"),
                self.r#type.as_deref().unwrap_or("AwsApiCall"),
                self.request,
                quoted("invokedBy", &self.invoked_by),
                quoted("errorCode", &self.error),
                self.resources
                    .as_ref()
                    .map(|resources| format!(r#","resources":{resources}"#))
                    .unwrap_or_default(),
            )
        }

        fn call(&self) -> Call {
            let json = self.json();
            let mut calls = Vec::new();
            let reading = read(json.as_bytes(), |event| {
                calls.push(Call::of(&event, &Identity::parse(event.identity.as_deref().unwrap())));
            });
            assert!(
                reading.stopped.is_none() && calls.len() == 1,
                "{}: the case is no event: {reading:?}",
                self.event
            );
            calls.pop().unwrap()
        }
    }

    fn resource(check: &Check) -> String {
        match &check.resource {
            CheckedResource::Arn(arn) => arn.to_string(),
            CheckedResource::Pattern(pattern) => format!("~{pattern}"),
            CheckedResource::None => "-".to_owned(),
            CheckedResource::Unknown => "?".to_owned(),
        }
    }

    fn facts(check: &Check) -> Vec<String> {
        let fact = |(key, fact): &(Box<str>, Fact)| match fact {
            Fact::Absent => format!("!{key}"),
            Fact::One(value) => format!("{key}={value}"),
            Fact::Many(values) => format!("{key}=[{}]", values.join(",")),
            Fact::Present => key.to_string(),
            Fact::Unknown => format!("{key}?"),
        };
        let mut facts: Vec<String> = check.context.iter().map(fact).collect();
        facts.sort_by_key(|fact| fact.trim_start_matches('!').to_owned());
        facts
    }

    fn plain(check: &Check) -> String {
        let possible = if check.certainty == Certainty::Possible { " possible" } else { "" };
        format!("{} {}{possible}", check.action, resource(check))
    }

    fn whole(check: &Check) -> String {
        [vec![plain(check)], facts(check)].concat().join(" ")
    }

    fn sorted(mut texts: Vec<String>) -> Vec<String> {
        texts.sort();
        texts
    }

    #[test]
    fn hand_checked_events() {
        let cases: Cases = toml::from_str(include_str!("actions.toml")).unwrap();
        assert!(cases.case.len() >= 60, "{} cases", cases.case.len());
        let mut wrong = Vec::new();
        for case in &cases.case {
            let call = case.call();
            let told = |text: &dyn Fn(&Check) -> String| sorted(call.checks.iter().map(text).collect());
            let mut compare = |what: &str, expected: &Option<Vec<String>>, found: Vec<String>| {
                if let Some(expected) = expected
                    && sorted(expected.clone()) != found
                {
                    wrong.push(format!(
                        "{} ({})\n {what} {:#?}\n expected {:#?}",
                        case.event,
                        case.source,
                        found,
                        sorted(expected.clone())
                    ));
                }
            };
            compare("checks", &case.checks, told(&whole));
            compare("actions", &case.actions, told(&plain));
            assert!(case.checks.is_some() || case.actions.is_some(), "{}: nothing is expected", case.event);
            for context in &case.contexts {
                let (check, fact) = context.split_once(": ").unwrap();
                let (action, end) = check.split_once(' ').unwrap_or((check, ""));
                let found = call.checks.iter().any(|check| {
                    check.action.as_ref() == action
                        && resource(check).ends_with(end)
                        && facts(check).iter().any(|known| known == fact)
                });
                if !found {
                    wrong.push(format!("{}: {context} is not in {:#?}", case.event, told(&whole)));
                }
            }
            let gap = call.gap.map(|gap| format!("{gap:?}"));
            if gap != case.gap {
                wrong.push(format!("{} ({}): gap {gap:?}", case.event, case.source));
            }
            let outcome = format!("{:?}", call.outcome);
            assert_eq!(outcome, case.outcome.as_deref().unwrap_or("Succeeded"), "{}", case.event);
            if let Some(owner) = &case.owner {
                let account = call.checks.first().unwrap().resource_account.unwrap().to_string();
                assert_eq!(&account, owner, "{}", case.event);
            }
        }
        assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.case.len(), wrong.join("\n"));
    }
}
