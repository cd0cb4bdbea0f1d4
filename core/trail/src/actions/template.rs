//! ARN templates of the service reference: whether an ARN is of a template, and filling one from a request.

use super::body::{Body, Name, Path, same_key};
use super::table::Tables;

/// An ARN with holes: `arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}`.
#[derive(Debug)]
pub(crate) struct Template {
    /// The first five sections of the ARN.
    head: [Box<[Part]>; 5],
    resource: Box<[Part]>,
    /// How many bytes of the resource section are fixed: the more, the more particular the template.
    fixed: usize,
}

#[derive(Debug)]
enum Part {
    Fixed(Box<str>),
    Partition,
    Region,
    Account,
    Hole(Hole),
}

/// A part that the request tells.
#[derive(Debug)]
struct Hole {
    /// The keys of a request that may tell it, the likeliest first; `/path` is not looked for at every depth.
    names: Box<[Telling]>,
    /// IAM's `UserNameWithPath`: the request tells the name and, when something is made, the path.
    with_path: bool,
    /// It is called an id.
    is_id: bool,
    /// What values it takes.
    takes: Takes,
}

/// What tells a hole.
#[derive(Debug)]
enum Telling {
    Anywhere(Name),
    At(Path),
}

/// What a hole takes for its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    Anything,
    /// A whole segment, without `/`: a bucket's template would match every object.
    Segment,
    /// An id of EC2: `vol-0123456789abcdef0`.
    Ec2Id,
    /// The name of a secret, whose ARN ends in six more letters.
    Secret,
}

/// Where an event happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) partition: &'a str,
    pub(crate) region: Option<&'a str>,
    pub(crate) account: Option<&'a str>,
}

/// A filled template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filled<'b> {
    /// The ARN; a part that was not told is `*`.
    pub(crate) arn: String,
    /// Every part was told.
    pub(crate) is_whole: bool,
    /// A part of the resource was told by the request.
    pub(crate) is_told: bool,
    /// The last value the request told.
    pub(crate) value: Option<&'b str>,
    /// Its account is not where the event happened: a whole ARN or a URL told it.
    pub(crate) is_foreign: bool,
}

/// The most holes a template of the service reference has, and some.
const HOLES_MAX: usize = 8;

/// The different values of a hole.
struct Values<'b> {
    first: Option<&'b str>,
    more: Vec<&'b str>,
}

impl<'b> Values<'b> {
    fn add(&mut self, value: &'b str) {
        match self.first {
            None => self.first = Some(value),
            Some(first) if first == value || self.more.contains(&value) => {}
            Some(_) => self.more.push(value),
        }
    }
}

/// One value per ARN; more values than this of one key are one pattern.
const ARNS_MAX: usize = 256;

impl Template {
    /// Reads a template. `key` is the resource type's name in the service reference; without one a hole's name is a path
    /// in the request.
    pub(crate) fn read(text: &str, key: &str) -> Option<Self> {
        let sections = split_sections(text)?;
        let read = |section: &str| parts(section, key);
        let [scheme, partition, service, region, account, resource] = sections;
        let head = [read(scheme), read(partition), read(service), read(region), read(account)];
        let mut resource_parts = read(resource);
        let takes = match service {
            "s3" => Takes::Segment,
            "ec2" => Takes::Ec2Id,
            "secretsmanager" => Takes::Secret,
            _ => Takes::Anything,
        };
        let fixed =
            resource_parts.iter().map(|part| if let Part::Fixed(text) = part { text.len() } else { 0 }).sum();
        let is_bucket = matches!(resource_parts.as_ref(), [Part::Hole(_)]);
        for part in &mut resource_parts {
            if let Part::Hole(hole) = part {
                let fits = match takes {
                    Takes::Segment => is_bucket,
                    Takes::Ec2Id => hole.is_id,
                    Takes::Secret | Takes::Anything => true,
                };
                hole.takes = if fits { takes } else { Takes::Anything };
            }
        }
        Some(Self { head, resource: resource_parts, fixed })
    }

    /// Whether an ARN is of this template, and how particular that is.
    pub(crate) fn matches(&self, arn: &str) -> Option<usize> {
        // Most ARNs in a request are of another service.
        if let [Part::Fixed(service)] = self.head.get(2)?.as_ref() {
            let after = arn.strip_prefix("arn:")?.split_once(':')?.1;
            after.strip_prefix(service.as_ref()).filter(|rest| rest.starts_with(':'))?;
        }
        let mut sections = arn.splitn(6, ':');
        for parts in &self.head {
            if !fits(parts, sections.next()?) {
                return None;
            }
        }
        fits(&self.resource, sections.next()?).then_some(self.fixed)
    }

    /// Fills the holes: one ARN for each value of the hole that has most.
    pub(crate) fn fill<'b>(&self, place: Place<'_>, body: &'b Body<'_>, creates: bool) -> Vec<Filled<'b>> {
        let mut values: [Values<'b>; HOLES_MAX] =
            [const { Values { first: None, more: Vec::new() } }; HOLES_MAX];
        for (values, hole) in values.iter_mut().zip(self.holes()) {
            *values = hole.values(body);
        }
        let count = values.iter().map(|values| values.more.len()).max().unwrap_or_default();
        if count > ARNS_MAX {
            return vec![self.any(place)];
        }
        let mut filled: Vec<Filled<'b>> = Vec::with_capacity(count.saturating_add(1));
        for row in 0..=count {
            // A hole with one value has it in every row.
            let pick = |hole: usize| {
                let values = values.get(hole)?;
                if row == 0 || values.more.is_empty() {
                    values.first
                } else {
                    values.more.get(row.checked_sub(1)?).copied()
                }
            };
            let one = self.fill_row(place, body, creates, pick);
            if !filled.contains(&one) {
                filled.push(one);
            }
        }
        filled
    }

    /// Whether the request tells any hole, or there is none to tell.
    pub(crate) fn is_told(&self, body: &Body<'_>) -> bool {
        self.holes().next().is_none() || self.holes().any(|hole| hole.is_told(body))
    }

    /// Nothing is told: any resource of the type.
    pub(crate) fn any(&self, place: Place<'_>) -> Filled<'static> {
        self.fill_row(place, &Body::default(), false, |_| None)
    }

    /// The ARN of one resource, whatever the request says, when this is the template of its type (`instance/`).
    pub(crate) fn fill_with<'b>(&self, kind: &str, value: &'b str, place: Place<'_>) -> Option<Filled<'b>> {
        let [Part::Fixed(fixed), Part::Hole(_)] = self.resource.as_ref() else { return None };
        let is_it = fixed.strip_suffix('/') == Some(kind);
        is_it.then(|| self.fill_row(place, &Body::default(), false, |_| Some(value)))
    }

    fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.head.iter().chain([&self.resource]).flat_map(|parts| parts.iter()).filter_map(
            |part| match part {
                Part::Hole(hole) => Some(hole),
                _ => None,
            },
        )
    }

    fn fill_row<'b>(
        &self,
        place: Place<'_>,
        body: &Body<'_>,
        creates: bool,
        pick: impl Fn(usize) -> Option<&'b str>,
    ) -> Filled<'b> {
        let picked = || (0..self.holes().count()).filter_map(&pick);
        // A whole ARN where a name could stand is the answer itself, and a URL tells the account.
        if let Some(arn) = picked().find(|value| value.starts_with("arn:") && self.matches(value).is_some()) {
            return Filled {
                arn: arn.to_owned(),
                is_whole: !arn.contains(['*', '?']),
                is_told: true,
                value: Some(arn),
                is_foreign: true,
            };
        }
        let other = picked().find_map(account_of_url);
        let account = other.or(place.account);
        let value = picked().last();
        let mut filled = Filled {
            arn: String::with_capacity(96),
            is_whole: true,
            is_told: false,
            value,
            is_foreign: other.is_some(),
        };
        let mut hole_number = 0_usize;
        for (number, parts) in self.head.iter().chain([&self.resource]).enumerate() {
            if number > 0 {
                filled.arn.push(':');
            }
            for part in parts {
                match part {
                    Part::Fixed(text) => {
                        filled.is_whole &= !text.contains('*');
                        filled.arn.push_str(text);
                    }
                    Part::Partition => filled.arn.push_str(place.partition),
                    Part::Region => filled.told(place.region, false),
                    Part::Account => filled.told(account, false),
                    Part::Hole(hole) => {
                        let value = pick(hole_number);
                        hole_number = hole_number.saturating_add(1);
                        hole.write(&mut filled, value, body, creates);
                    }
                }
            }
        }
        filled
    }
}

impl Filled<'_> {
    fn told(&mut self, value: Option<&str>, by_request: bool) {
        match value {
            Some(value) => {
                // A parameter of SSM or a path of IAM begins with a slash of its own; so may an object of S3, which keeps it.
                let value = match value.strip_prefix('/') {
                    Some(rest) if self.arn.ends_with('/') && !self.arn.contains(":s3:") => rest,
                    _ => value,
                };
                self.arn.push_str(value);
                self.is_told |= by_request;
                // A name with a star in it is told as the pattern it would be taken for.
                self.is_whole &= !value.contains(['*', '?']);
            }
            None => {
                self.arn.push('*');
                self.is_whole = false;
            }
        }
    }
}

impl Hole {
    fn is_told(&self, body: &Body<'_>) -> bool {
        self.names.iter().any(|name| match name {
            Telling::At(path) => body.all(path).any(|value| self.takes.fits(value)),
            Telling::Anywhere(name) => body.anywhere(name).any(|value| self.takes.fits(value)),
        })
    }

    fn values<'b>(&self, body: &'b Body<'_>) -> Values<'b> {
        let mut values = Values { first: None, more: Vec::new() };
        for name in &self.names {
            let mut take = |value: &'b str| {
                if self.takes.fits(value) {
                    values.add(value);
                }
            };
            match name {
                Telling::At(path) => body.all(path).for_each(&mut take),
                Telling::Anywhere(name) => body.anywhere(name).for_each(&mut take),
            }
            if values.first.is_some() {
                break;
            }
        }
        values
    }

    fn write(&self, filled: &mut Filled<'_>, value: Option<&str>, body: &Body<'_>, creates: bool) {
        let value = value.filter(|value| !(filled.arn.ends_with("key/") && is_alias(value))).map(plain_name);
        // `aliasName` has the beginning that the template has too.
        let value = match value {
            Some(value) if filled.arn.ends_with(":alias/") => {
                Some(value.strip_prefix("alias/").unwrap_or(value))
            }
            value => value,
        };
        if self.takes == Takes::Secret
            && let Some(name) = value
        {
            // Secrets Manager User Guide, `auth-and-access_iam-policies`: "-??????" stands for the six random characters.
            filled.told(Some(name), true);
            filled.arn.push_str(if creates { "*" } else { "-*" });
            filled.is_whole = false;
            return;
        }
        if !self.with_path {
            return filled.told(value, true);
        }
        match (value, body.top("path"), creates) {
            (Some(name), Some(path), true) => filled.told(Some(&format!("{path}{name}")), true),
            (Some(name), None, true) => filled.told(Some(name), true),
            (Some(name), _, false) => {
                filled.arn.push('*');
                filled.told(Some(name), true);
                filled.is_whole = false;
            }
            (None, ..) => filled.told(None, true),
        }
    }
}

/// An alias of a KMS key: which key it stands for, the request does not tell.
fn is_alias(value: &str) -> bool {
    value.starts_with("alias/") || value.contains(":alias/")
}

/// The name in what may be an ARN of another kind, a partial ARN of a Lambda function, or the URL of a queue.
fn plain_name(value: &str) -> &str {
    if value.starts_with("arn:") || value.starts_with("https://") {
        return value.rsplit([':', '/']).next().unwrap_or(value);
    }
    value.split_once(":function:").map_or(value, |(_, name)| name)
}

/// The account in the URL of a queue: `https://sqs.eu-west-1.amazonaws.com/111122223333/jobs`.
fn account_of_url(value: &str) -> Option<&str> {
    let account = value.strip_prefix("https://")?.rsplit('/').nth(1)?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}

impl Telling {
    fn read(name: &str) -> Self {
        match name.strip_prefix('/') {
            Some(path) => Self::At(Path::read(path)),
            None => Self::Anywhere(Name::read(name)),
        }
    }
}

impl Takes {
    fn fits(self, value: &str) -> bool {
        match self {
            _ if value.is_empty() => false,
            Self::Segment => !value.contains('/'),
            // EC2 User Guide, `resource-ids`: a type, a hyphen, and 8 or 17 characters.
            Self::Ec2Id => {
                value.rsplit_once('-').is_some_and(|(kind, id)| {
                    !kind.is_empty() && id.len() >= 8 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
                }) || value.starts_with("arn:")
            }
            Self::Anything | Self::Secret => true,
        }
    }
}

/// Splits at the first five colons.
fn split_sections(text: &str) -> Option<[&str; 6]> {
    let mut parts = text.splitn(6, ':');
    let six = [parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    Some(six)
}

fn parts(section: &str, key: &str) -> Box<[Part]> {
    let mut parts = Vec::new();
    let mut rest = section;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        if !before.is_empty() {
            parts.push(Part::Fixed(before.into()));
        }
        parts.push(match name {
            "Partition" => Part::Partition,
            "Region" => Part::Region,
            "Account" | "AccountId" => Part::Account,
            _ => Part::Hole(Hole {
                names: hole_names(name, key).iter().map(|name| Telling::read(name)).collect(),
                with_path: name.ends_with("WithPath"),
                is_id: name.ends_with("Id"),
                takes: Takes::Anything,
            }),
        });
        rest = behind;
    }
    if !rest.is_empty() {
        parts.push(Part::Fixed(rest.into()));
    }
    parts.into()
}

/// The keys that may tell a hole: its own name; the names of the table; its plural; what the resource type is called;
/// and, when the hole is the type's own name or id, plain `name` or `id`.
fn hole_names(hole: &str, key: &str) -> Vec<Box<str>> {
    // In the tables' own templates a hole is the path itself.
    if key.is_empty() {
        return vec![format!("/{hole}").into()];
    }
    let plain = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let key_as_written = key.to_ascii_lowercase();
    let (hole, key) = (plain(hole.strip_suffix("WithPath").unwrap_or(hole)), plain(key));
    let mut all: Vec<Box<str>> = vec![hole.as_str().into()];
    let named = Tables::get().names(&key_as_written, &hole);
    // The request's own word for it means something else.
    if named.iter().any(|name| name == "!") {
        return Vec::new();
    }
    all.extend(named.iter().map(|name| table_name(name)));
    all.push(format!("{hole}s").into());
    let own = ["resourceid", "id", "name", "identifier", "uuid", "resourcename"];
    let is_own = own.contains(&hole.as_str())
        || hole.strip_prefix(key.as_str()).is_some_and(|rest| rest.is_empty() || own.contains(&rest));
    if is_own {
        let (endings, kind): (&[&str], &[&str]) = match hole.as_str() {
            _ if hole.ends_with("name") => (&["name", "names", "identifier", "arn", ""], &["name", "names"]),
            _ if hole.ends_with("uuid") => (&["uuid"], &["uuid"]),
            "identifier" | "resourceid" | "" => {
                (&["id", "name", "identifier", "arn", ""], &["identifier", "id", "name"])
            }
            _ => (&["id", "ids", "identifier", "arn", ""], &["id", "ids", "identifier"]),
        };
        all.extend(endings.iter().map(|ending| format!("{key}{ending}").into()));
        // Such words stand for many things deeper in a request.
        all.extend(kind.iter().map(|name| format!("/{name}").into()));
        all.extend(["/resourceid", "/resourcearn", "/arn"].map(Box::from));
    }
    let mut unique: Vec<Box<str>> = Vec::new();
    for name in all {
        if !unique.iter().any(|known| same_key(known, &name)) {
            unique.push(name);
        }
    }
    unique
}

/// A name of the table: one with dots is a path.
fn table_name(name: &str) -> Box<str> {
    if name.contains('.') { format!("/{name}").into() } else { name.into() }
}

/// Whether a section is of these parts. A hole is any text that is not empty.
fn fits(parts: &[Part], text: &str) -> bool {
    let Some((part, rest)) = parts.split_first() else { return text.is_empty() };
    match part {
        Part::Fixed(fixed) => text.strip_prefix(fixed.as_ref()).is_some_and(|text| fits(rest, text)),
        // A resource without account or Region (S3, IAM's own policies) is of a template that has them.
        Part::Partition | Part::Region | Part::Account if rest.is_empty() => !text.contains('/'),
        Part::Hole(Hole { takes: Takes::Segment, .. }) if rest.is_empty() => {
            !text.is_empty() && !text.contains('/')
        }
        Part::Hole(_) if rest.is_empty() => !text.is_empty(),
        Part::Partition | Part::Region | Part::Account | Part::Hole(_) => {
            let Some(Part::Fixed(next)) = rest.first() else {
                return !text.is_empty();
            };
            text.match_indices(next.as_ref())
                .filter(|(at, _)| *at > 0)
                .filter_map(|(at, _)| text.get(at..))
                .any(|text| fits(rest, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str, key: &str) -> Template {
        Template::read(text, key).unwrap()
    }

    const PLACE: Place<'_> =
        Place { partition: "aws", region: Some("eu-west-1"), account: Some("111122223333") };

    fn fill(text: &str, key: &str, body: &str, creates: bool) -> Vec<(String, bool)> {
        let body = Body::read(Some(body));
        let filled = template(text, key).fill(PLACE, &body, creates);
        filled.into_iter().map(|filled| (filled.arn, filled.is_whole)).collect()
    }

    #[test]
    fn filling() {
        let rows = [
            (
                "arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}",
                "function",
                r#"{"functionName":"f"}"#,
                "arn:aws:lambda:eu-west-1:111122223333:function:f",
                true,
            ),
            (
                "arn:${Partition}:cloudtrail:${Region}:${Account}:trail/${TrailName}",
                "trail",
                r#"{"name":"t"}"#,
                "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t",
                true,
            ),
            (
                "arn:${Partition}:s3:::${BucketName}/${ObjectName}",
                "object",
                r#"{"bucketName":"b"}"#,
                "arn:aws:s3:::b/*",
                false,
            ),
            (
                "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}",
                "user",
                r#"{"userName":"bob"}"#,
                "arn:aws:iam::111122223333:user/*bob",
                false,
            ),
            (
                "arn:${Partition}:ssm:${Region}:${Account}:parameter/${ParameterName}",
                "parameter",
                r#"{"name":"/a/b"}"#,
                "arn:aws:ssm:eu-west-1:111122223333:parameter/a/b",
                true,
            ),
        ];
        for (text, key, body, arn, whole) in rows {
            assert_eq!(fill(text, key, body, false), [(arn.to_owned(), whole)], "{text}");
        }
        let user = "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}";
        let made = fill(user, "user", r#"{"userName":"bob","path":"/ci/"}"#, true);
        assert_eq!(made, [("arn:aws:iam::111122223333:user/ci/bob".to_owned(), true)]);
        let two = fill(
            "arn:aws:sqs:${Region}:${Account}:${QueueName}",
            "queue",
            r#"{"queueNames":["a","b"]}"#,
            false,
        );
        assert_eq!(two.len(), 2);
    }

    #[test]
    fn matching() {
        let bucket = template("arn:${Partition}:s3:::${BucketName}", "bucket");
        assert!(bucket.matches("arn:aws:s3:::b").is_some() && bucket.matches("arn:aws:s3:::b/k").is_none());
        let table = template("arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}", "table");
        let index = template(
            "arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}/index/${IndexName}",
            "index",
        );
        let arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/t/index/i";
        assert!(index.matches(arn) > table.matches(arn));
        assert!(index.matches("arn:aws:dynamodb:eu-west-1:111122223333:table/t").is_none());
    }
}
