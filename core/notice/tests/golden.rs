//! Payloads of every kind of channel in both languages, byte for byte; `KAGIMORI_REWRITE=1` writes them anew.

#[cfg(test)]
mod golden {
    use std::fs;
    use std::path::Path;

    use kagimori_notice::{Channel, Notice, Payload, WireChannel, letter_id, render};
    use serde_json::{Value, json};

    const CHANNELS: [(&str, &str); 6] = [
        ("slack", "kind = 'slack'\naddress = 'env:U'"),
        ("slack-bot", "kind = 'slack-bot'\ntoken = 'env:T'\nto = 'C0123456789'"),
        ("backlog", "kind = 'backlog'\naddress = 'https://x.backlog.com'\nkey = 'env:K'\nproject = 'SEC'"),
        ("webhook", "kind = 'webhook'\naddress = 'https://x.example'\nsecret = 'env:S'"),
        ("mail", "kind = 'mail'\naddress = 'smtps://x.example'\nfrom = 'k@x.example'\nto = 'sre@x.example'"),
        ("teams", "kind = 'teams'\naddress = 'env:U'"),
    ];

    fn channel(text: &str, language: &str) -> Channel {
        let text = format!("{text}\nlanguage = '{language}'");
        toml::from_str::<WireChannel>(&text).unwrap().read("sre").unwrap()
    }

    /// Somebody who may make users chose the owner's name.
    fn notice(kind: &str) -> Notice {
        Notice::read(
            &json!({
                "schema": "kagimori.notice", "version": 1, "kind": kind,
                "key": "AKIAIOSFODNN7EXAMPLE", "user": "arn:aws:iam::111122223333:user/svc-batch", "account": "111122223333",
                "owner": "<!channel> & [click](https://evil.example)\r\nBcc: all@example.com", "purpose": null,
                "rung": 2, "rungs": 4, "off_for": "1d", "off_at": "2026-12-01T01:00:00Z", "on_at": "2026-12-02T01:00:00Z",
                "why": "the trail has a call of it", "verdicts": ["quiet", "inconclusive"],
                "if_it_hurts": "kagimori retire stop AKIAIOSFODNN7EXAMPLE --needed REASON", "ticket": "SEC-7", "channel": "sre",
            })
            .to_string(),
        )
    }

    fn written(payload: &Payload) -> String {
        let text = match payload {
            Payload::Json(body) => {
                serde_json::to_string_pretty(&serde_json::from_str::<Value>(body).unwrap()).unwrap()
            }
            Payload::Issue(issue) => {
                format!(
                    "{}\n\n== as an issue\n{}\n== as a comment\n{}\n{}\n{:?}",
                    issue.summary, issue.description, issue.comment, issue.mark, issue.thread
                )
            }
            Payload::Mail(mail) => {
                format!("{}\n{}\n{:?}\n\n{}", mail.subject, mail.id, mail.thread, mail.body)
            }
        };
        format!("{text}\n")
    }

    #[expect(clippy::disallowed_methods, reason = "payloads are read and compared as files")]
    fn must_be(name: &str, text: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
        if std::env::var_os("KAGIMORI_REWRITE").is_some() {
            fs::write(&path, text).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text, expected, "{}", path.display());
    }

    #[test]
    fn payloads_are_what_they_were() {
        let id = letter_id(&[1; 32], 12, "sre");
        for (kind, text) in CHANNELS {
            for language in ["en", "ja"] {
                let channel = channel(text, language);
                let payload =
                    render(&notice("retire.before_off"), &id, Some("2026-11-30T01:00:00Z"), &channel);
                must_be(&format!("{kind}.{language}.txt"), &written(&payload));
            }
        }
    }

    /// What every kind says, for people who read both.
    #[test]
    fn texts_are_what_they_were() {
        let kinds = [
            "test",
            "retire.before_off",
            "retire.off",
            "retire.on",
            "retire.interrupted",
            "retire.needed",
            "retire.aborted",
            "retire.protected",
            "retire.drifted",
            "retire.delete_due",
            "retire.deleted",
            "retire.trouble",
            "retire.on_failed",
            "plan.begun",
            "plan.applied",
            "plan.undoing",
            "plan.undone",
            "plan.stopped",
            "watch.unknown_kind",
        ];
        let id = letter_id(&[1; 32], 12, "sre");
        let mut all = String::new();
        for kind in kinds {
            for language in ["en", "ja"] {
                let full = notice(kind);
                let mut bare = full.clone();
                bare.facts.retain(|name, _| name == "key");
                for notice in [full, bare] {
                    let Payload::Mail(mail) = render(&notice, &id, None, &channel(CHANNELS[4].1, language))
                    else {
                        panic!("no mail")
                    };
                    let text = mail.body.lines().next().unwrap();
                    all.push_str(&format!("{kind} {language}\n  {}\n  {text}\n", mail.subject));
                }
            }
        }
        must_be("texts.txt", &all);
    }

    /// What a Standard Webhook may be (desk and receivers count on less than 20 kB), and Teams (28 kB), with the longest facts there are.
    #[test]
    fn payloads_fit_whatever_the_facts_are() {
        let mut members = json!({ "schema": "kagimori.notice", "version": 1, "kind": "k".repeat(200), "what_to_do": "鍵".repeat(2_000) });
        for number in 0..60 {
            members[format!("{number}{}", "n".repeat(100))] = "鍵<&\"".repeat(300).into();
        }
        let notice = Notice::read(&members.to_string());
        for (kind, text) in CHANNELS {
            let payload = render(&notice, &letter_id(&[1; 32], 1, "x"), None, &channel(text, "ja"));
            let Payload::Json(body) = payload else { continue };
            let most = match kind {
                "webhook" => 20_000,
                "teams" => 28_000,
                _ => 40_000,
            };
            assert!(body.len() < most, "{kind}: {} bytes", body.len());
            let message: Value = serde_json::from_str(&body).unwrap();
            for block in message["blocks"].as_array().into_iter().flatten() {
                let texts = block["fields"].as_array().into_iter().flatten().chain(block.get("text"));
                for text in texts {
                    let most = if block.get("fields").is_some() { 2_000 } else { 3_000 };
                    assert!(text["text"].as_str().unwrap().chars().count() <= most, "{block}");
                }
                assert!(block["fields"].as_array().is_none_or(|fields| fields.len() <= 10));
            }
        }
    }
}
