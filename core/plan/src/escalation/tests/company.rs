//! The fictional company.

use kagimori_estate::access::May;

use super::NOW;
use crate::escalation::{Goal, Graph};

#[test]
fn engineers_reach_the_break_glass_role_with_mfa_only() {
    let files = kagimori_testkit::generate(&kagimori_testkit::Options { days: 0, ..Default::default() });
    let estate = crate::tests::estate(&files);
    let graph = Graph::of(&estate, NOW);
    let found = graph.find(&Goal::Administrator, None).unwrap();
    // power users may use IAM Identity Center, where their account administers it: no snapshot tells; of somebody whom the
    // report names and the details do not, nothing is known
    let (open, routes): (Vec<_>, Vec<_>) =
        found.routes.iter().partition(|route| route.certainty() == May::Unknown);
    assert!(open.iter().all(|route| route.is_empty() || route.paths() == ["sso-001"]), "{open:?}");
    assert!(routes.iter().all(|route| route.certainty() == May::If && route.paths() == ["sts-001"]));
    assert!(found.routes.len() > 30, "{}", found.routes.len());
    let route = routes[0];
    let step = &graph.steps(route)[0];
    assert_eq!(step.to, "arn:aws:iam::111122223333:role/break-glass-admin");
    assert!(step.conditions.iter().any(|condition| condition.contains("MultiFactorAuthPresent")));
}
