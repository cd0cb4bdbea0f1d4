//! From (`eventSource`, `eventName`) to what has to be looked at in the event: worked out once, then kept.

use std::hash::{BuildHasher, BuildHasherDefault};
use std::sync::{LazyLock, OnceLock};

use kagimori_policy::catalogue::{ActionId, Catalogue};
use rustc_hash::FxHasher;

use super::table::{Row, TABLES, Words};
use super::template::Template;
use crate::call::{Certainty, MapGap};

/// What an event of one kind needs.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) passes: Vec<Pass>,
    /// Service whose use of the caller's permissions is in `steps` with `via`.
    pub(crate) keys: Vec<(Box<str>, Box<str>)>,
    pub(crate) gap: Option<MapGap>,
    /// The call makes something: its resources have no id yet.
    pub(crate) creates: bool,
    /// Parameters named like roles may be passed: no row says so.
    pub(crate) may_pass_roles: bool,
    /// The service's prefix.
    pub(crate) prefix: Box<str>,
    /// Whether `requestParameters` are looked at.
    pub(crate) reads_request: bool,
}

/// One permission.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) action: Box<str>,
    pub(crate) target: Target,
    pub(crate) when: Vec<Box<str>>,
    pub(crate) unless: Vec<Box<str>>,
    pub(crate) certainty: Certainty,
    /// `kms:viaservice` is the event's service.
    pub(crate) is_forwarded: bool,
}

/// What a permission is checked on.
#[derive(Debug)]
pub(crate) enum Target {
    /// No resource types.
    Nothing,
    /// The resource types of the action.
    Types(Vec<Kind>),
    /// One template.
    Template(Template),
    /// `x-amz-copy-source` of S3.
    CopySource,
    /// A resource the event does not tell.
    Unknown,
}

/// A resource type.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) template: Template,
    pub(crate) is_required: bool,
}

/// A role that is passed.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) path: Box<str>,
    pub(crate) service: Option<Box<str>>,
    pub(crate) certainty: Certainty,
}

impl Plan {
    fn gap(prefix: &str, gap: MapGap) -> Self {
        Self {
            steps: Vec::new(),
            passes: Vec::new(),
            keys: Vec::new(),
            gap: Some(gap),
            creates: false,
            may_pass_roles: false,
            prefix: prefix.into(),
            reads_request: false,
        }
    }
}

/// Plans of the kinds of event seen, found without a lock. A full table costs time, nothing else.
static KEPT: LazyLock<Box<[OnceLock<Kept>]>> =
    LazyLock::new(|| (0..KEPT_MAX).map(|_| OnceLock::new()).collect());

const KEPT_MAX: usize = 1 << 14;
/// How far a plan may lie behind its place.
const PROBES_MAX: usize = 8;

struct Kept {
    source: Box<str>,
    name: Box<str>,
    plan: Plan,
}

/// Calls `then` with the plan of a kind of event.
pub(crate) fn with<T>(source: &str, name: &str, then: impl FnOnce(&Plan) -> T) -> T {
    let hash = BuildHasherDefault::<FxHasher>::default().hash_one((source, name));
    // The high bits of this hash are the good ones.
    let first = usize::try_from(hash >> 50).unwrap_or_default();
    for probe in 0..PROBES_MAX {
        let place = first.wrapping_add(probe) % KEPT_MAX;
        let Some(slot) = KEPT.get(place) else { break };
        let is_it = |kept: &Kept| kept.source.as_ref() == source && kept.name.as_ref() == name;
        match slot.get() {
            Some(kept) if is_it(kept) => return then(&kept.plan),
            Some(_) => {}
            None => {
                let plan = make(source, name);
                // Names that mean nothing are made up without end: they are not kept.
                if plan.gap == Some(MapGap::UnknownEvent) {
                    return then(&plan);
                }
                let kept = slot.get_or_init(|| Kept { source: source.into(), name: name.into(), plan });
                if is_it(kept) {
                    return then(&kept.plan);
                }
            }
        }
    }
    then(&make(source, name))
}

/// The prefixes an event source's actions may have.
pub(crate) fn prefixes(source: &str) -> Vec<&str> {
    let label = source
        .strip_suffix(".amazonaws.com")
        .or_else(|| source.strip_suffix(".amazonaws.com.cn"))
        .unwrap_or(source);
    if let Some(known) = TABLES.sources.get(label) {
        return known.as_slice().iter().map(String::as_str).collect();
    }
    let mut all = vec![label];
    if let Some((first, _)) = label.split_once('.') {
        all.extend(label.rsplit('.').next());
        all.push(first);
    }
    all
}

/// How a name was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    Row(&'a Words),
    Action(ActionId),
}

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Words {}

/// Finds an event's name: its row, an action of the same name, then both without the version of the API in the name.
pub(crate) fn find(source: &str, name: &str) -> Option<(&'static str, String, Found<'static>)> {
    let catalogue = Catalogue::embedded();
    let prefixes = prefixes(source);
    let versioned = [Some(name), without_version(name)];
    for name in versioned.into_iter().flatten() {
        for prefix in &prefixes {
            if let Some((prefix, rows)) = TABLES.rows.get_key_value(*prefix)
                && let Some(row) = rows.get(name)
            {
                return Some((prefix, name.to_owned(), Found::Row(row)));
            }
        }
        for prefix in &prefixes {
            if let Some(id) = catalogue.action(&format!("{prefix}:{name}")) {
                let prefix = catalogue.services().find(|known| known.eq_ignore_ascii_case(prefix))?;
                return Some((prefix, name.to_owned(), Found::Action(id)));
            }
        }
    }
    None
}

/// `CreateFunction20150331v2`, `CreateDistribution2020_05_31`, `CreateClusterV2` without the version. 64 actions of IAM
/// end in a digit, so this is tried last.
fn without_version(name: &str) -> Option<&str> {
    let digits = |text: &str| text.bytes().rev().take_while(u8::is_ascii_digit).count();
    fn cut(text: &str, bytes: usize) -> Option<&str> {
        text.get(..text.len().checked_sub(bytes)?)
    }
    let mut rest = name;
    if let Some(before) = cut(rest, digits(rest)).filter(|before| before.len() < rest.len())
        && let Some(plain) = before.strip_suffix(['v', 'V'])
    {
        rest = plain;
    }
    for form in [8, 10] {
        let Some(before) = cut(rest, form) else { continue };
        let date = rest.strip_prefix(before).unwrap_or_default();
        let is_date = match form {
            8 => date.bytes().all(|byte| byte.is_ascii_digit()),
            _ => date
                .bytes()
                .enumerate()
                .all(|(at, byte)| if at == 4 || at == 7 { byte == b'_' } else { byte.is_ascii_digit() }),
        };
        if is_date && date.starts_with("20") {
            rest = before;
            break;
        }
    }
    (rest.len() < name.len() && !rest.is_empty()).then_some(rest)
}

fn make(source: &str, name: &str) -> Plan {
    let Some((prefix, name, found)) = find(source, name) else {
        return Plan::gap(prefixes(source).first().unwrap_or(&""), MapGap::UnknownEvent);
    };
    let mut steps = match found {
        Found::Action(id) => vec![Step::of(id)],
        Found::Row(row) => row.as_slice().iter().filter_map(|text| Step::read(text)).collect(),
    };
    if steps.is_empty() {
        return Plan::gap(prefix, MapGap::NotAuthorized);
    }
    let key = format!("{prefix}:{name}");
    for action in TABLES.forward.get(&key).map(Words::as_slice).unwrap_or_default() {
        if let Some(step) = Step::read(action) {
            steps.push(Step { certainty: Certainty::Possible, is_forwarded: true, ..step });
        }
    }
    let passes: Vec<Pass> = TABLES
        .roles
        .get(&key)
        .map(Words::as_slice)
        .unwrap_or_default()
        .iter()
        .filter_map(|text| Pass::read(text))
        .collect();
    let keys: Vec<(Box<str>, Box<str>)> = TABLES
        .keys
        .get(&key)
        .map(|keys| keys.iter().map(|(key, path)| (key.as_str().into(), path.as_str().into())).collect())
        .unwrap_or_default();
    let creates =
        ["Create", "Put", "Register", "Run", "Import", "Allocate"].iter().any(|verb| name.starts_with(verb));
    let changes = creates
        || ["Update", "Modify", "Start", "Add", "Associate", "Set"].iter().any(|verb| name.starts_with(verb));
    let may_pass_roles = passes.is_empty() && changes && !matches!(prefix, "iam" | "sts");
    let has_types = |step: &Step| !matches!(step.target, Target::Nothing) || !step.when.is_empty();
    let reads_request =
        may_pass_roles || !passes.is_empty() || !keys.is_empty() || steps.iter().any(has_types);
    Plan { steps, passes, keys, gap: None, creates, may_pass_roles, prefix: prefix.into(), reads_request }
}

impl Step {
    /// A permission on the resource types of its action.
    fn of(id: ActionId) -> Self {
        let catalogue = Catalogue::embedded();
        let kinds: Vec<Kind> = catalogue
            .resource_types(id)
            .into_iter()
            .filter_map(|kind| {
                let template = Template::read(kind.arn, kind.key, names_of)?;
                Some(Kind { template, is_required: kind.required })
            })
            .collect();
        let target = if kinds.is_empty() { Target::Nothing } else { Target::Types(kinds) };
        Self {
            action: catalogue.name(id).into(),
            target,
            when: Vec::new(),
            unless: Vec::new(),
            certainty: Certainty::Certain,
            is_forwarded: false,
        }
    }

    /// A permission of a row.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let row = Row::read(text)?;
        let id = Catalogue::embedded().action(row.action)?;
        let mut step = Self::of(id);
        match row.on {
            None => {}
            Some("*") => step.target = Target::Nothing,
            Some("?") => step.target = Target::Unknown,
            Some("copy-source") => step.target = Target::CopySource,
            Some(template) => step.target = Target::Template(Template::read(template, "", names_of)?),
        }
        step.when = row.when.into_iter().map(Box::from).collect();
        step.unless = row.unless.into_iter().map(Box::from).collect();
        if row.is_possible {
            step.certainty = Certainty::Possible;
        }
        Some(step)
    }
}

impl Pass {
    fn read(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let path = words.next()?.into();
        let mut pass = Self { path, service: None, certainty: Certainty::Certain };
        for word in words {
            match word {
                "possible" => pass.certainty = Certainty::Possible,
                service => pass.service = Some(service.into()),
            }
        }
        Some(pass)
    }
}

fn names_of(hole: &str) -> Vec<Box<str>> {
    TABLES
        .names
        .get(hole)
        .map(|names| names.as_slice().iter().map(|name| name.as_str().into()).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::without_version;

    #[test]
    fn versions_are_dates_and_v_with_a_number() {
        for (name, expected) in [
            ("CreateFunction20150331", Some("CreateFunction")),
            ("GetFunction20150331v2", Some("GetFunction")),
            ("CreateDistribution2020_05_31", Some("CreateDistribution")),
            ("CreateClusterV2", Some("CreateCluster")),
            ("ListObjectsV2", Some("ListObjects")),
            ("GetObject", None),
            ("Route53", None),
            ("V2", None),
            ("20150331", None),
            ("EnableMFA2", None),
        ] {
            assert_eq!(without_version(name), expected, "{name}");
        }
    }
}
