//! What an ARN of one resource type tells of another: the cluster of a service of ECS is a part of the cluster's ARN.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kagimori_policy::catalogue::Catalogue;

/// The resource section of a template: what is fixed, and the names of its holes, in turns.
type Pieces = Vec<Piece>;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Fixed(Box<str>),
    /// The name in lower case, letters and digits alone.
    Hole(Box<str>),
}

/// The templates of the service reference by service.
static TEMPLATES: LazyLock<BTreeMap<&'static str, Vec<Pieces>>> = LazyLock::new(|| {
    let mut templates: BTreeMap<&str, Vec<Pieces>> = BTreeMap::new();
    for template in Catalogue::embedded().resource_arns() {
        let mut sections = template.splitn(6, ':').skip(2);
        if let (Some(service), Some(resource)) = (sections.next(), sections.nth(2)) {
            templates.entry(service).or_default().push(pieces(resource));
        }
    }
    for pieces in templates.values_mut() {
        // The most particular first.
        pieces.sort_by_key(|pieces| std::cmp::Reverse(fixed(pieces)));
        pieces.dedup();
    }
    templates
});

/// The part of an ARN that its own type's template calls so.
pub(super) fn part<'a>(arn: &'a str, hole: &str) -> Option<&'a str> {
    let mut sections = arn.splitn(6, ':').skip(2);
    let (service, resource) = (sections.next()?, sections.nth(2)?);
    let templates = TEMPLATES.get(service)?;
    let mut of_its_type = templates.iter().filter(|pieces| captured(pieces, resource, "").is_some());
    captured(of_its_type.next()?, resource, hole).flatten()
}

/// Whether a resource is of these pieces, and what stands in the hole of this name.
fn captured<'a>(pieces: &[Piece], text: &'a str, hole: &str) -> Option<Option<&'a str>> {
    match pieces {
        [] => text.is_empty().then_some(None),
        [Piece::Fixed(fixed), rest @ ..] => captured(rest, text.strip_prefix(fixed.as_ref())?, hole),
        [Piece::Hole(name)] => (!text.is_empty()).then(|| (name.as_ref() == hole).then_some(text)),
        [Piece::Hole(name), rest @ ..] => {
            let [Piece::Fixed(next), ..] = rest else { return None };
            text.match_indices(next.as_ref()).filter(|(at, _)| *at > 0).find_map(|(at, _)| {
                let (value, after) = text.split_at_checked(at)?;
                let found = captured(rest, after, hole)?;
                Some(if name.as_ref() == hole { Some(value) } else { found })
            })
        }
    }
}

fn fixed(pieces: &[Piece]) -> usize {
    pieces.iter().map(|piece| if let Piece::Fixed(text) = piece { text.len() } else { 0 }).sum()
}

fn pieces(resource: &str) -> Pieces {
    let mut pieces = Pieces::new();
    let mut rest = resource;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        if !before.is_empty() {
            pieces.push(Piece::Fixed(before.into()));
        }
        pieces.push(Piece::Hole(super::hole::plain(name).into()));
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Fixed(rest.into()));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn an_arn_tells_the_parts_of_its_own_type() {
        let rows = [
            ("arn:aws:ecs:eu-west-1:111122223333:cluster/c1", "clustername", Some("c1")),
            ("arn:aws:ecs:eu-west-1:111122223333:service/c1/web", "clustername", Some("c1")),
            (
                "arn:aws:ecs:eu-west-1:111122223333:task-definition/td:3",
                "taskdefinitionfamilyname",
                Some("td"),
            ),
            ("arn:aws:lambda:eu-west-1:111122223333:function:g", "destinationname", None),
            (
                "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/lb/50dc",
                "loadbalancername",
                Some("lb"),
            ),
            (
                "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/lb/50dc",
                "loadbalancerid",
                Some("50dc"),
            ),
            ("arn:aws:no-such:::thing", "name", None),
            ("arn:aws", "name", None),
        ];
        for (arn, hole, expected) in rows {
            assert_eq!(part(arn, hole), expected, "{arn} {hole}");
        }
    }
}
