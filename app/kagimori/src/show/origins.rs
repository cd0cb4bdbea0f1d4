//! Where calls come from, as a table of a page.

use std::collections::BTreeSet;

use kagimori_trail::origin::{Judgement, Origin};

use super::html::{Html, both, code, few, html, table, unbroken};
use super::numbers::{day, thousands};

/// Uses of an origin that are shown before a click.
const USES_MAX: usize = 3;

/// Origins of one principal. `learnt`: those that a proposal is drawn from, by their ids.
pub(crate) fn html(origins: &[Origin], learnt: Option<&BTreeSet<String>>) -> Html {
    let row = |origin: &Origin| {
        let clients: Vec<&str> = origin.clients.iter().map(|client| client.as_str()).collect();
        let uses =
            origin.actions.iter().map(|(action, count)| html!("{} {}", code(action), thousands(*count)));
        let mut signs: Vec<Html> =
            origin.signs.iter().map(|sign| both(sign.words().0, sign.words().1)).collect();
        if learnt.is_some_and(|learnt| !learnt.contains(&origin.id)) {
            signs.push(both("not learnt from", "学習対象外"));
        }
        vec![
            judgement(origin.judgement),
            html!(
                "{}<br><code class=\"network\">{}</code>",
                both(origin.nature.words().0, origin.nature.words().1),
                origin.network
            ),
            clients.join(", ").into(),
            thousands(origin.calls).into(),
            origin.days.to_string().into(),
            unbroken(&day(origin.last)),
            few(uses.collect(), USES_MAX),
            Html::join(signs, "<br>"),
        ]
    };
    let headings = [
        ("Judgement", "判定"),
        ("From", "呼び出し元"),
        ("Clients", "クライアント"),
        ("#Calls", "回数"),
        ("#Days", "日数"),
        ("Last", "最後"),
        ("What for", "用途"),
        ("Why", "理由"),
    ];
    table(&headings, origins.iter().map(row).collect())
}

/// What is concluded of an origin.
pub(crate) fn judgement(judgement: Judgement) -> Html {
    let class = match judgement {
        Judgement::Suspected => "high",
        Judgement::AnotherPerson => "medium",
        Judgement::Expected | Judgement::AnotherProgram => "good",
    };
    html!("<span class=\"chip {}\">{}</span>", class, both(judgement.words().0, judgement.words().1))
}
