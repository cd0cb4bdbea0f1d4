//! The compiled engine and the plain transcription give the same answer to every scenario.
//!
//! 20,000 random scenarios each time, a million with `--ignored`.

#[cfg(test)]
mod evaluators {
    use kagimori_policy::decision::Answer;
    use kagimori_policy::engine;
    use kagimori_policy::policies::{Layer, MissingDocument, Policies};
    use kagimori_policy::reference;
    use kagimori_policy::request::Request;
    use kagimori_policy::scenario::{self, Question};
    use kagimori_testkit::scenarios::Scenarios;

    #[test]
    fn both_give_the_same_answer() {
        compare(20_000);
    }

    #[test]
    #[ignore = "for the night: cargo test --release -p kagimori-policy --test evaluators -- --ignored"]
    fn both_give_the_same_answer_a_million_times() {
        compare(1_000_000);
    }

    fn compare(count: usize) {
        let mut answers = std::collections::BTreeMap::<String, usize>::new();
        for (number, case) in Scenarios::new(20_261_124).take(count).enumerate() {
            let text = format!("[{case}]");
            let cases = scenario::read(&text, &|file| Err(file.to_owned())).unwrap();
            let Question::Decide(request, policies, _) = &cases[0].question else {
                *answers.entry("Rejected".to_owned()).or_default() += 1;
                continue;
            };
            let policies = with_gaps(policies, number);
            let request = &with_known_tags(request, number);
            let expected = reference::decide(request, &policies);
            let got = engine::decide_once(request, &policies);
            assert_eq!(got, expected.answer, "{text}\nmissing {:?}\n{expected:#?}", policies.missing);
            *answers.entry(kind(got)).or_default() += 1;
        }
        println!("{answers:?}");
        for kind in ["Allowed", "ImplicitlyDenied", "ExplicitlyDenied", "Indeterminate"] {
            let share = answers.get(kind).copied().unwrap_or_default() * 100 / count;
            assert!(share >= 2, "{kind} in {share} % of the scenarios: {answers:?}");
        }
        assert!(answers.get("Rejected").copied().unwrap_or_default() * 20 < count, "{answers:?}");
    }

    #[test]
    fn the_corners_too() {
        let text = include_str!("data/corners.json");
        for case in scenario::read(text, &|file| Err(file.to_owned())).unwrap() {
            if let Question::Decide(request, policies, _) = &case.question {
                assert_eq!(
                    engine::decide_once(request, policies),
                    reference::decide(request, policies).answer,
                    "{}",
                    case.name
                );
            }
        }
    }

    /// Of every fifth caller all tags are known.
    fn with_known_tags(request: &Request, number: usize) -> Request {
        let mut request = request.clone();
        if number.is_multiple_of(5) {
            request.context.close("aws:PrincipalTag/");
        }
        request
    }

    /// Every seventh scenario lacks a document somewhere.
    fn with_gaps(policies: &Policies, number: usize) -> Policies {
        let layers = [
            Layer::Identity,
            Layer::Boundary,
            Layer::Session,
            Layer::Resource,
            Layer::Endpoint,
            Layer::ServiceControl,
            Layer::ResourceControl,
        ];
        let mut policies = policies.clone();
        if let Some(layer) = layers.get(number % 49).copied() {
            policies.missing.push(MissingDocument { layer, name: "not-collected".to_owned() });
        }
        policies
    }

    fn kind(answer: Answer) -> String {
        match answer {
            Answer::Allowed => "Allowed",
            Answer::ImplicitlyDenied(_) => "ImplicitlyDenied",
            Answer::ExplicitlyDenied(_) => "ExplicitlyDenied",
            Answer::Indeterminate => "Indeterminate",
        }
        .to_owned()
    }
}
