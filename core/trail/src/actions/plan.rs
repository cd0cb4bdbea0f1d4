//! From (`eventSource`, `eventName`) to what has to be looked at in the event: worked out once, then kept.

mod kept;

use kagimori_policy::catalogue::{AccessLevel, ActionId, Catalogue};

use super::body::Path;
use super::table::{Entry, Row, Tables, Told};
use super::template::{Place, Template, Whose};
use crate::call::{Certainty, MapGap};

pub(crate) use kept::with;

/// What an event of one kind needs.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) passes: Vec<Pass>,
    /// Condition keys the request tells.
    pub(crate) keys: Vec<Key>,
    pub(crate) gap: Option<MapGap>,
    /// The call makes something: its resources have no id yet, and its path is given.
    pub(crate) creates: bool,
    /// Parameters named like roles may be passed: no row says so.
    pub(crate) may_pass_roles: bool,
    /// Without a `userName` the call is about the caller (IAM API reference: "If you do not specify a user name, IAM
    /// determines the user name implicitly based on the access key ID signing the request").
    pub(crate) may_be_self: bool,
    /// The action that tags what the call makes.
    pub(crate) tags: Option<Box<str>>,
    /// The service's prefix.
    pub(crate) prefix: Box<str>,
    /// The event's name without a version.
    pub(crate) name: Box<str>,
    /// The parameter that tells whose the resources are.
    pub(crate) owner: Option<Path>,
    /// Permissions on what is another account's are given in the caller's.
    pub(crate) is_decided_here: bool,
    /// What of the event and its caller is looked at.
    pub(crate) looks: Looks,
}

/// What a plan looks at, besides what every event tells.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Looks {
    /// `requestParameters`.
    pub(crate) at_request: bool,
    /// The service that called for the caller: `kms:ViaService`.
    pub(crate) at_service: bool,
    /// The user who called: the call may be about the caller.
    pub(crate) at_user: bool,
}

/// How calls that make something begin.
const CREATING: [&str; 10] =
    ["Create", "Put", "Register", "Run", "Import", "Allocate", "Publish", "Upload", "Copy", "Request"];

/// One permission.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) action: Box<str>,
    pub(crate) target: Target,
    pub(crate) when: Vec<Told>,
    pub(crate) unless: Vec<Told>,
    /// Errors that tell that it was allowed; empty: however the call ended.
    pub(crate) after: Vec<Box<str>>,
    pub(crate) certainty: Certainty,
    /// Several resources: which of them it was checked on, the event does not tell.
    pub(crate) is_single: bool,
    /// The service checks it for the caller: `kms:viaservice` is the event's service.
    pub(crate) is_forwarded: bool,
    /// The request may give tags: the action has `aws:RequestTag`.
    pub(crate) takes_tags: bool,
}

/// What a permission is checked on.
#[derive(Debug)]
pub(crate) enum Target {
    /// No resource types.
    Nothing,
    /// The resource types of the action.
    Types(Vec<Kind>),
    /// Resources of one template.
    Template(Kind),
    /// A parameter that holds an ARN.
    Parameter(Path),
    /// The object of S3 that is written.
    Object,
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
    /// A user of IAM.
    pub(crate) is_user: bool,
    /// It is one of the forms of a type (`listener/app`, `listener/net`): a resource is of one of them.
    pub(crate) form: Option<Box<str>>,
    /// The condition keys of the action on this kind.
    pub(crate) keys: KindKeys,
}

/// The condition keys of an action on a kind of resource.
#[derive(Clone, Debug, Default)]
pub(crate) struct KindKeys {
    /// In lower case, in order.
    names: Box<[Box<str>]>,
    /// `aws:RequestTag/${TagKey}` is one.
    request_tags: bool,
    /// `kms:EncryptionContext:${EncryptionContextKey}` is one.
    encryption_context: bool,
}

impl KindKeys {
    fn of(keys: Vec<&str>) -> Self {
        let mut names: Vec<Box<str>> = keys.into_iter().map(|key| key.to_ascii_lowercase().into()).collect();
        names.sort_unstable();
        let has = |family: &str| names.iter().any(|name| name.starts_with(family));
        Self {
            request_tags: has(REQUEST_TAG),
            encryption_context: has(ENCRYPTION_CONTEXT),
            names: names.into(),
        }
    }

    /// Whether a key, in lower case, is one of them.
    pub(crate) fn has(&self, key: &str) -> bool {
        key.starts_with(REQUEST_TAG) && self.request_tags
            || key.starts_with(ENCRYPTION_CONTEXT) && self.encryption_context
            || key.starts_with(MFA)
            || self.names.binary_search_by(|name| name.as_ref().cmp(key)).is_ok()
    }
}

const REQUEST_TAG: &str = "aws:requesttag/";
const ENCRYPTION_CONTEXT: &str = "kms:encryptioncontext:";
/// Keys of every action, whatever it is about.
const MFA: &str = "aws:multifactorauth";

/// A role that is passed.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) path: Path,
    pub(crate) service: Option<Box<str>>,
    pub(crate) certainty: Certainty,
    /// The parameter names an instance profile.
    pub(crate) by_profile: bool,
}

/// A condition key that a request tells.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: Box<str>,
    pub(crate) path: Path,
    /// A request without the parameter has no such key; otherwise the service has a value of its own.
    pub(crate) absent_otherwise: bool,
    /// What the key is where the parameter is given; `None`: what the parameter is.
    pub(crate) given: Option<Box<str>>,
}

/// How an event's name was found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found {
    /// A table says.
    Entry(Entry),
    /// An action of the same name.
    Action(ActionId),
}

/// The prefixes an event source's actions may have.
pub(crate) fn prefixes(source: &str) -> Vec<&str> {
    let label = source
        .strip_suffix(".amazonaws.com")
        .or_else(|| source.strip_suffix(".amazonaws.com.cn"))
        .unwrap_or(source);
    if let Some(known) = Tables::get().prefixes(label) {
        return known.iter().map(String::as_str).collect();
    }
    let mut all = vec![label];
    // `streams.dynamodb`, `models.lex`: the service is at either end.
    if let Some((first, _)) = label.split_once('.') {
        all.extend(label.rsplit('.').next());
        all.push(first);
    }
    all
}

/// Finds an event: its row, an action of the same name, then both without the version of the API in the name. Gives the
/// prefix and the name it was found under.
pub(crate) fn find<'a>(source: &'a str, name: &'a str) -> Option<(&'a str, &'a str, Found)> {
    let catalogue = Catalogue::embedded();
    let prefixes = prefixes(source);
    for name in [Some(name), without_version(name)].into_iter().flatten() {
        let entry = prefixes
            .iter()
            .find_map(|prefix| Some((*prefix, name, Found::Entry(Tables::get().entry(prefix, name)?))));
        let action = || {
            prefixes.iter().find_map(|prefix| {
                let id = catalogue.action(&format!("{prefix}:{name}"))?;
                Some((*prefix, name, Found::Action(id)))
            })
        };
        if let Some(found) = entry.or_else(action) {
            return Some(found);
        }
    }
    None
}

/// The permissions that AWS surely checks for a call (`s3:ListObjectsV2`: `s3:ListBucket`), where its name is that of no permission;
/// empty: it is one, or nothing is known of it.
///
/// ```
/// use kagimori_trail::actions::permissions;
///
/// assert_eq!(permissions("s3:ListObjectsV2"), ["s3:ListBucket"]);
/// assert_eq!(permissions("lambda:Invoke"), ["lambda:InvokeFunction"]);
/// assert!(permissions("s3:ListBucket").is_empty());
/// assert!(permissions("s3:ListNothings").is_empty());
/// ```
pub fn permissions(call: &str) -> Vec<String> {
    let catalogue = Catalogue::embedded();
    let found = call.split_once(':').filter(|_| catalogue.action(call).is_none());
    let mut permissions: Vec<String> = match found.and_then(|(service, name)| find(service, name)) {
        Some((.., Found::Action(id))) => vec![catalogue.name(id)],
        Some((.., Found::Entry(Entry::Row(row)))) => {
            let steps = row.as_slice().iter().filter_map(|text| Step::read(text));
            let sure = steps.filter(|step| step.certainty == Certainty::Certain && step.when.is_empty());
            sure.map(|step| step.action.to_string()).collect()
        }
        _ => Vec::new(),
    };
    permissions.dedup();
    permissions
}

/// `CreateFunction20150331v2`, `CreateDistribution2020_05_31`, `CreateClusterV2` without the version. 64 actions of IAM
/// end in a digit, so this is tried last.
fn without_version(name: &str) -> Option<&str> {
    let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
    let numbered = name.get(..name.len().checked_sub(digits)?)?;
    let rest = match numbered.strip_suffix(['v', 'V']) {
        Some(plain) if digits > 0 => plain,
        _ => name,
    };
    let rest = without_date(rest).unwrap_or(rest);
    (rest.len() < name.len() && !rest.is_empty()).then_some(rest)
}

/// Without `20150331` or `2020_05_31` at the end.
fn without_date(name: &str) -> Option<&str> {
    [8_usize, 10].into_iter().find_map(|length| {
        let (before, date) = name.split_at_checked(name.len().checked_sub(length)?)?;
        let is_bar = |at: usize| length == 10 && (at == 4 || at == 7);
        let is_date = date
            .bytes()
            .enumerate()
            .all(|(at, byte)| if is_bar(at) { byte == b'_' } else { byte.is_ascii_digit() });
        (is_date && date.starts_with("20")).then_some(before)
    })
}

impl Plan {
    /// The plan of a kind of event.
    pub(crate) fn make(source: &str, name: &str) -> Self {
        let Some((prefix, name, found)) = find(source, name) else { return Self::newer(source, name) };
        let mut plan = Self { prefix: prefix.into(), name: name.into(), ..Self::default() };
        plan.steps = match found {
            Found::Action(id) => vec![Step::of(id)],
            Found::Entry(Entry::None) => Vec::new(),
            Found::Entry(Entry::Row(row)) => {
                row.as_slice().iter().filter_map(|text| Step::read(text)).collect()
            }
            Found::Entry(Entry::Assumed) => vec![Step::unknown(prefix, name, Certainty::Possible)],
        };
        if plan.steps.is_empty() {
            plan.gap = Some(MapGap::NotAuthorized);
            return plan;
        }
        plan.add_details();
        plan
    }

    /// The plan of an event that neither the service reference nor a row knows: an action of the same name may be newer than they
    /// are, and a policy may grant it. Which permissions there are is not known.
    fn newer(source: &str, name: &str) -> Self {
        let catalogue = Catalogue::embedded();
        let prefix = prefixes(source).into_iter().find(|prefix| catalogue.has_service(prefix));
        let is_name = |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let names = [Some(name).filter(is_name), without_version(name).filter(is_name)];
        let steps = prefix.into_iter().flat_map(|prefix| {
            names.into_iter().flatten().map(|name| Step::unknown(prefix, name, Certainty::Possible))
        });
        Self { gap: Some(MapGap::UnknownEvent), steps: steps.collect(), ..Self::default() }
    }

    fn add_details(&mut self) {
        let tables = Tables::get();
        let event = format!("{}:{}", self.prefix, self.name);
        let begins = |verbs: &[&str]| verbs.iter().any(|verb| self.name.starts_with(verb));
        let makes =
            ["User", "Role", "Group", "Policy", "InstanceProfile", "VirtualMFADevice", "ServerCertificate"];
        let made = self.name.strip_prefix("Create").or_else(|| self.name.strip_prefix("Upload"));
        self.creates = match self.prefix.as_ref() {
            // Others (`CreateAccessKey`) work on a user whose path is not given.
            "iam" => made.is_some_and(|made| makes.contains(&made)),
            _ => begins(&CREATING),
        };
        let changes = begins(&["Update", "Modify", "Start", "Add", "Associate", "Set", "Replace", "Restore"]);
        self.may_be_self = self.prefix.as_ref() == "iam" && !begins(&["ListUsers", "CreateUser"]);
        self.tags = if self.creates { self.tag_action() } else { None };
        for text in tables.forward(&event) {
            if let Some(step) = Step::read(text) {
                self.steps.push(Step { certainty: Certainty::Possible, is_forwarded: true, ..step });
            }
        }
        self.passes = tables.roles(&event).iter().filter_map(|text| Pass::read(text)).collect();
        let mut account = tables.account(&event).into_iter().flat_map(str::split_ascii_whitespace);
        self.owner = account.next().map(Path::read);
        self.is_decided_here = account.next() == Some("here");
        self.keys = tables.keys(&event).map(|(name, path)| Key::read(name, path)).collect();
        // IAM's and STS's own calls name roles without passing them.
        let names_roles = matches!(self.prefix.as_ref(), "iam" | "sts" | "organizations" | "access-analyzer");
        self.may_pass_roles = self.passes.is_empty() && (self.creates || changes) && !names_roles;
        let any = |looks: fn(&Step) -> bool| self.steps.iter().any(looks);
        self.looks = Looks {
            at_request: self.may_pass_roles
                || self.tags.is_some()
                || !self.passes.is_empty()
                || !self.keys.is_empty()
                || any(|step| step.takes_tags || step.looks_at_request()),
            at_service: any(|step| step.action.starts_with("kms:")),
            at_user: self.may_be_self,
        };
    }

    /// The action that is checked besides when what is made gets tags: a dependent action, or the service's only one.
    fn tag_action(&self) -> Option<Box<str>> {
        let catalogue = Catalogue::embedded();
        // EC2's is `ec2:CreateTags` on what is made; S3's and IAM's stand in their rows.
        if matches!(self.prefix.as_ref(), "ec2" | "s3" | "iam" | "lambda" | "apigateway" | "sts") {
            return None;
        }
        let main = catalogue.action(&self.steps.first()?.action)?;
        let is_tagging = |name: &&str| {
            let level = |id: ActionId| catalogue.access_levels(id).contains(&AccessLevel::Tagging);
            name.starts_with(&format!("{}:", self.prefix)) && catalogue.action(name).is_some_and(level)
        };
        let named = catalogue.dependent_actions(main).into_iter().find(is_tagging).map(Box::from);
        let usual = || {
            ["TagResource", "AddTagsToResource", "AddTags"].into_iter().find_map(|name| {
                let id = catalogue.action(&format!("{}:{name}", self.prefix))?;
                Some(catalogue.name(id).into())
            })
        };
        named.or_else(usual)
    }
}

impl Step {
    fn looks_at_request(&self) -> bool {
        let is_bare = matches!(self.target, Target::Nothing | Target::Unknown);
        !is_bare || !self.when.is_empty() || !self.unless.is_empty()
    }

    /// A permission on the resource types of its action.
    fn of(id: ActionId) -> Self {
        let catalogue = Catalogue::embedded();
        let name = catalogue.name(id);
        let is_named = |key: &str| names_kind(&name, key.split('/').next().unwrap_or(key));
        let makes = name.contains(":Create");
        let has_named = catalogue.resource_types(id).iter().any(|kind| is_named(kind.key));
        let kinds: Vec<Kind> = catalogue
            .resource_types(id)
            .into_iter()
            .filter_map(|kind| {
                // What is made has the plain name, also where no type is called as the action is.
                let is_beside = (has_named || makes) && !is_named(kind.key);
                let is_made = is_named(kind.key) && makes;
                let whose = Whose { kind: kind.key, action: &name, is_beside, is_made };
                let template = Template::read(kind.arn, whose)?;
                let is_user = kind.arn.ends_with(":user/${UserNameWithPath}");
                let mut keys = catalogue.action_keys(id);
                keys.extend(catalogue.resource_keys(id, kind.key));
                let keys = KindKeys::of(keys);
                let form = kind.key.split_once('/').map(|(type_, _)| type_.into());
                Some(Kind { template, is_required: kind.required, is_user, form, keys })
            })
            .collect();
        let target = if kinds.is_empty() { Target::Nothing } else { Target::Types(kinds) };
        let action = catalogue.name(id).into();
        Self { action, target, takes_tags: takes_tags(id), ..Self::unknown("", "", Certainty::Certain) }
    }

    /// A permission on something that is not told.
    fn unknown(prefix: &str, name: &str, certainty: Certainty) -> Self {
        Self {
            action: format!("{prefix}:{name}").into(),
            target: Target::Unknown,
            when: Vec::new(),
            unless: Vec::new(),
            after: Vec::new(),
            certainty,
            is_single: false,
            is_forwarded: false,
            takes_tags: false,
        }
    }

    /// Resources of a template, with the condition keys of the action's resource type they are of.
    fn one_kind(&self, template: &str) -> Option<Target> {
        let template = Template::read(template, Whose { action: &self.action, ..Whose::default() })?;
        let known: &[Kind] = if let Target::Types(kinds) = &self.target { kinds } else { &[] };
        let place = Place { partition: "aws", region: Some("*"), account: Some("*"), owner: None };
        let any = template.any(place).arn;
        let best = known.iter().filter_map(|kind| Some((kind.template.matches(&any)?, kind)));
        let keys = best.max_by_key(|(fixed, _)| *fixed).map(|(_, kind)| kind.keys.clone());
        Some(Target::Template(Kind {
            template,
            is_required: true,
            is_user: false,
            form: None,
            keys: keys.unwrap_or_default(),
        }))
    }

    /// A permission of a row.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let row = Row::read(text)?;
        let mut step = Self::of(Catalogue::embedded().action(row.action)?);
        match row.on {
            None => {}
            Some("?") => step.target = Target::Unknown,
            Some("object") => step.target = Target::Object,
            Some("copy-source") => step.target = Target::CopySource,
            Some(template) if template.starts_with("arn:") => step.target = step.one_kind(template)?,
            Some(path) if path.starts_with('/') => {
                step.target = step.one_kind(&format!("arn:${{Partition}}:apigateway:${{Region}}::{path}"))?;
            }
            Some(parameter) => step.target = Target::Parameter(Path::read(parameter)),
        }
        (step.when, step.unless, step.is_single) = (row.when, row.unless, row.is_single);
        step.after = row.after.into_iter().map(Box::from).collect();
        if row.is_possible {
            step.certainty = Certainty::Possible;
        }
        Some(step)
    }
}

/// Whether an action is called by a resource type: `glue:GetTableVersions` by `table` and `tableversion`, not by `catalog`.
fn names_kind(action: &str, kind: &str) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    let kind: String = kind.chars().filter(char::is_ascii_alphanumeric).collect();
    let words = name.char_indices().filter(|(_, letter)| letter.is_ascii_uppercase());
    !kind.is_empty()
        && words
            .filter_map(|(at, _)| name.get(at..)?.get(..kind.len()))
            .any(|word| word.eq_ignore_ascii_case(&kind))
}

fn takes_tags(id: ActionId) -> bool {
    let catalogue = Catalogue::embedded();
    let is_tag = |key: &&str| key.starts_with("aws:RequestTag") || *key == "aws:TagKeys";
    let mut kinds = catalogue.resource_types(id).into_iter();
    catalogue.action_keys(id).iter().any(is_tag)
        || kinds.any(|kind| catalogue.resource_keys(id, kind.key).iter().any(is_tag))
}

impl Pass {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let path = Path::read(words.next()?);
        let mut pass = Self { path, service: None, certainty: Certainty::Certain, by_profile: false };
        for word in words {
            match word {
                "possible" => pass.certainty = Certainty::Possible,
                "profile" => pass.by_profile = true,
                service => pass.service = Some(service.into()),
            }
        }
        pass.service.is_some().then_some(pass)
    }
}

impl Key {
    fn read(name: &str, path: &str) -> Self {
        let (given, path) = path.split_once(" if ").map_or((None, path), |(given, path)| (Some(given), path));
        let plain = path.strip_suffix('?');
        Self {
            name: name.into(),
            path: Path::read(plain.unwrap_or(path)),
            absent_otherwise: plain.is_some(),
            given: given.map(Into::into),
        }
    }
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
            ("v", None),
            ("", None),
        ] {
            assert_eq!(without_version(name), expected, "{name}");
        }
    }
}
