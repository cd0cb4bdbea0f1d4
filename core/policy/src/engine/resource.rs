//! Resources: patterns in their six parts, each sorted by how cheaply it can be tested.

use crate::checked::Unnamed;
use crate::document::{Effect, ResourceElement, Version};
use crate::engine::bind::Bound;
use crate::engine::text::{self, Resolution, Template};
use crate::engine::truth::Truth;
use crate::glob::{Glob, Relation};
use crate::variable::pieces;
use kagimori_id::arn;

/// `Resource` or `NotResource`.
#[derive(Clone, Debug)]
pub(super) struct Resources {
    negated: bool,
    /// A lone `*` is among the patterns.
    has_star: bool,
    patterns: Box<[ResourcePattern]>,
    /// How much of a request that is a pattern must be reached.
    wanted: Wanted,
    /// Of an Allow, and not negated.
    is_grant: bool,
}

/// How much of a request that is a pattern must be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Some,
    All,
    /// All; where some is reached, nobody knows.
    ForSure,
}

#[derive(Clone, Debug)]
struct ResourcePattern {
    /// As written: what is not documented is looked up by it.
    text: Box<str>,
    /// Fewer than six parts and no wildcard: says nothing in the policies of resources and endpoints.
    is_bare_fragment: bool,
    /// IAM user names are compared without case.
    folds_case: bool,
    /// The whole ARN, where one comparison is enough: no wildcard but at its end.
    whole: Option<Part>,
    parts: [Part; 6],
}

#[derive(Clone, Debug)]
enum Part {
    Any,
    Exact(Box<str>),
    Prefix(Box<str>),
    Glob(Box<str>),
    Template(Template),
}

impl Resources {
    pub(super) fn compile(element: &ResourceElement, version: Option<Version>, effect: Effect) -> Self {
        let (patterns, negated) = element.patterns();
        Self {
            negated,
            has_star: patterns.iter().any(|pattern| pattern == "*"),
            patterns: patterns.iter().map(|pattern| ResourcePattern::compile(pattern, version)).collect(),
            wanted: if (effect == Effect::Deny) == negated { Wanted::Some } else { Wanted::All },
            is_grant: effect == Effect::Allow && !negated,
        }
    }

    /// Whether they are about the request's resource. `of_resource`: the policy is one of a resource or endpoint.
    pub(super) fn hold(&self, request: &Bound<'_>, of_resource: bool) -> Truth {
        let reach = |pattern: &ResourcePattern| {
            if of_resource && pattern.is_bare_fragment {
                return Truth::False;
            }
            match &request.unnamed {
                None => pattern.reaches(request, self.wanted),
                Some(unnamed) => pattern.is_about_unnamed(request, unnamed, self.is_grant),
            }
        };
        let any = if self.has_star { Truth::True } else { Truth::any(self.patterns.iter().map(reach)) };
        if self.negated { any.negate() } else { any }
    }
}

impl ResourcePattern {
    fn compile(pattern: &str, version: Option<Version>) -> Self {
        let held = arn::padded_parts(pattern);
        let [scheme, partition, service, region, account, resource] = held;
        let fixed = |part: &str| Part::compile(part, None);
        let has_fixed_head =
            [scheme, partition, service, region, account].iter().all(|part| !part.contains(['*', '?']));
        let has_all_parts = pattern.splitn(6, ':').count() == 6;
        let whole = match Part::compile(resource, version) {
            Part::Any | Part::Prefix(_) | Part::Exact(_) if has_fixed_head && has_all_parts => {
                Some(fixed(pattern))
            }
            _ => None,
        };
        Self {
            text: pattern.into(),
            whole,
            is_bare_fragment: pattern != "*"
                && pattern.splitn(6, ':').count() < 6
                && !pattern.contains(['*', '?']),
            folds_case: service == "iam" && resource.starts_with("user/"),
            parts: [
                fixed(scheme),
                fixed(partition),
                fixed(service),
                fixed(region),
                fixed(account),
                Part::compile(resource, version),
            ],
        }
    }

    /// A call that names no resource: AWS compares what it chooses itself.
    fn is_about_unnamed(&self, request: &Bound<'_>, unnamed: &Unnamed, is_grant: bool) -> Truth {
        match unnamed {
            Unnamed::Everything => Truth::False,
            Unnamed::Arn(arn) => {
                let parts = arn::padded_parts(arn);
                let is_user = self.folds_case && parts[2] == "iam";
                self.reaches_pattern(request, parts, Wanted::ForSure, is_user)
            }
            Unnamed::Undocumented { .. } if unnamed.may_be(&self.text, is_grant) => Truth::Unknown,
            Unnamed::Undocumented { .. } => Truth::False,
        }
    }

    fn reaches(&self, request: &Bound<'_>, wanted: Wanted) -> Truth {
        let is_user = self.folds_case && request.parts[2] == "iam";
        if request.is_pattern || is_user {
            return self.reaches_pattern(request, request.parts, wanted, is_user);
        }
        if let Some(whole) = &self.whole {
            return whole.matches(&request.asked.resource, request);
        }
        // The resource part differs most often.
        let [scheme, partition, service, region, account, resource] = &self.parts;
        let [a_scheme, a_partition, a_service, a_region, a_account, a_resource] = &request.parts;
        let truth = resource.matches(a_resource, request);
        let rest = [
            (service, a_service),
            (account, a_account),
            (region, a_region),
            (partition, a_partition),
            (scheme, a_scheme),
        ];
        if truth == Truth::False
            || rest.iter().any(|(part, asked)| part.matches(asked, request) == Truth::False)
        {
            return Truth::False;
        }
        truth
    }

    /// The slow path: sets of texts are compared, which allocates.
    fn reaches_pattern(&self, request: &Bound<'_>, parts: [&str; 6], wanted: Wanted, is_user: bool) -> Truth {
        let mut truth = Truth::True;
        for (place, (part, asked)) in self.parts.iter().zip(parts).enumerate() {
            let (held, resolution) = part.glob(request);
            if resolution == Resolution::NoValue {
                return Truth::False;
            }
            if resolution == Resolution::Unknown {
                truth = Truth::Unknown;
            }
            let folds = is_user && place == 5;
            let asked = Glob::request(asked);
            let relation =
                if folds { held.lower_case().relation(&asked.lower_case()) } else { held.relation(&asked) };
            let is_reached = match relation {
                Relation::Covers => true,
                Relation::Overlaps if wanted == Wanted::ForSure => {
                    truth = Truth::Unknown;
                    true
                }
                Relation::Overlaps => wanted == Wanted::Some,
                Relation::Disjoint => false,
            };
            if !is_reached {
                return Truth::False;
            }
        }
        truth
    }
}

impl Part {
    fn compile(text: &str, version: Option<Version>) -> Self {
        let pieces = pieces(text, version);
        if version == Some(Version::V2012) && text.contains("${") {
            return Self::Template(Template::new(pieces));
        }
        match (text.find(['*', '?']), text.strip_suffix('*')) {
            (Some(0), Some("")) => Self::Any,
            (None, _) => Self::Exact(text.into()),
            (Some(at), Some(prefix)) if at == prefix.len() => Self::Prefix(prefix.into()),
            _ => Self::Glob(text.into()),
        }
    }

    fn matches(&self, asked: &str, request: &Bound<'_>) -> Truth {
        match self {
            Self::Any => Truth::True,
            Self::Exact(text) => Truth::of(**text == *asked),
            Self::Prefix(prefix) => Truth::of(asked.as_bytes().starts_with(prefix.as_bytes())),
            Self::Glob(pattern) => Truth::of(text::glob(pattern, asked)),
            Self::Template(template) => match template.resolution(request) {
                Resolution::NoValue => Truth::False,
                resolution => {
                    let fits = text::glob_tokens(template.tokens(request), asked);
                    if fits && resolution == Resolution::Unknown { Truth::Unknown } else { Truth::of(fits) }
                }
            },
        }
    }

    fn glob(&self, request: &Bound<'_>) -> (Glob, Resolution) {
        match self {
            Self::Any => (Glob::policy("*"), Resolution::Complete),
            Self::Exact(text) => (Glob::literal(text), Resolution::Complete),
            Self::Prefix(prefix) => {
                let mut glob = Glob::literal(prefix);
                glob.push(crate::glob::Token::Many);
                (glob, Resolution::Complete)
            }
            Self::Glob(pattern) => (Glob::policy(pattern), Resolution::Complete),
            Self::Template(template) => (template.tokens(request).collect(), template.resolution(request)),
        }
    }
}
