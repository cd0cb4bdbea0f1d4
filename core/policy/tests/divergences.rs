//! Where a peer answers differently: our side of `divergences.toml`. The peer's side is checked by
//! `scripts/compare-with-iam-simulate`.

use kagimori_policy::scenario;
use serde::Deserialize;

#[derive(Deserialize)]
struct Divergences {
    divergence: Vec<Divergence>,
}

#[derive(Deserialize)]
struct Divergence {
    name: String,
    ours: String,
    peer: String,
    right: String,
    page: String,
    case: String,
}

#[test]
fn ours_are_as_listed() {
    let Divergences { divergence } = toml::from_str(include_str!("data/divergences.toml")).unwrap();
    assert!(divergence.len() >= 25);
    for listed in divergence {
        let mut case: serde_json::Value = serde_json::from_str(&listed.case).unwrap();
        case["expected"] = serde_json::json!({ "response": listed.ours });
        let text = serde_json::json!([case]).to_string();
        let cases = scenario::read(&text, &|file| Err(file.to_owned())).unwrap();
        let report = scenario::run(&cases[0]);
        assert!(report.ok, "{}: {report:?}", listed.name);
        assert_ne!(listed.ours, listed.peer, "{}", listed.name);
        assert!(["ours", "peer", "open"].contains(&listed.right.as_str()), "{}", listed.name);
        assert!(!listed.page.is_empty(), "{}", listed.name);
    }
}
