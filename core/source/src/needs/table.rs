//! What SDKs call services, operations and resources.
//!
//! `data/sdk.bin` is made by `cargo xtask gen sdk`: a zlib stream of lines. The packages; then for each service
//! `>botocore name|service id|signing name|endpoint prefix|class names`, its operations with the names of their parameters,
//! `~waiter operation`, and where boto3 has resources of it `@kind identifiers…` with lines for what their methods call (`!` an action,
//! `=` one of a collection, `#` a collection, `+` another resource, `^load`, `?` a waiter). A parameter is `target=source`: `$name` an identifier
//! of the resource, `%` given by the caller, `.` told by an answer, `'text`.
//!
//! A name is looked up by its letters and digits in lower case: no service has two operations that differ in nothing else, so no rule of
//! any SDK about case is needed (`describe_db_instances`, `DescribeDBInstances`, `describeDBInstances`).

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::LazyLock;

use flate2::read::ZlibDecoder;
use rustc_hash::FxHashMap;

/// More than this is no table; today's has a megabyte and a half.
const INFLATED_BYTES_MAX: u64 = 32 << 20;

static TEXT: LazyLock<String> = LazyLock::new(|| {
    let mut text = String::new();
    let mut bytes = ZlibDecoder::new(&include_bytes!("../../data/sdk.bin")[..]).take(INFLATED_BYTES_MAX);
    #[expect(clippy::expect_used, reason = "a test reads the committed bytes")]
    bytes.read_to_string(&mut text).expect("the committed table is whole");
    text
});

static SDK: LazyLock<Sdk> = LazyLock::new(|| Sdk::read(&TEXT));

/// The number of a service.
pub(crate) type ServiceId = u16;

/// All services.
#[derive(Debug, Default)]
pub(crate) struct Sdk {
    services: Vec<Service>,
    labels: FxHashMap<String, ServiceId>,
    operations: FxHashMap<String, Vec<(ServiceId, u32)>>,
}

/// A service.
#[derive(Debug, Default)]
pub(crate) struct Service {
    /// As botocore calls it.
    pub(crate) name: &'static str,
    /// What its events may be labelled with.
    pub(crate) labels: [&'static str; 3],
    operations: Vec<Operation>,
    waiters: FxHashMap<String, &'static str>,
    kinds: BTreeMap<&'static str, Resource>,
}

/// An operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    /// Its name.
    pub(crate) name: &'static str,
    members: &'static str,
}

/// A resource of boto3; `""` is the service itself.
#[derive(Debug, Default)]
pub(crate) struct Resource {
    /// The names of its identifiers, in the order in which its constructor takes them.
    pub(crate) identifiers: Vec<&'static str>,
    methods: FxHashMap<(char, String), Method>,
}

/// What a method of a resource does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Method {
    /// The operation, or the waiter; empty where nothing is called.
    pub(crate) operation: &'static str,
    /// What it gives the operation.
    pub(crate) parameters: Vec<(&'static str, &'static str)>,
    /// The resource it leads to.
    pub(crate) leads_to: Option<&'static str>,
    /// The identifiers of that.
    pub(crate) identifiers: Vec<(&'static str, &'static str)>,
}

/// A name by its letters and digits, in lower case.
pub(crate) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

impl Operation {
    /// Whether it takes a parameter of this name.
    pub(crate) fn takes(&self, name: &str) -> bool {
        let name = plain(name);
        self.members.split(' ').any(|member| plain(member) == name)
    }
}

impl Sdk {
    /// The committed table.
    pub(crate) fn get() -> &'static Self {
        &SDK
    }

    /// The service that a package, class or client is called by.
    pub(crate) fn service(&self, label: &str) -> Option<ServiceId> {
        self.labels.get(&plain(label)).copied()
    }

    /// A service.
    pub(crate) fn of(&self, service: ServiceId) -> &Service {
        static NONE: LazyLock<Service> = LazyLock::new(Service::default);
        self.services.get(usize::from(service)).unwrap_or(&NONE)
    }

    /// The services with an operation of this name.
    pub(crate) fn with_operation(&self, name: &str) -> impl Iterator<Item = (ServiceId, Operation)> {
        let found = self.operations.get(&plain(name)).map_or(&[][..], Vec::as_slice);
        found.iter().filter_map(|&(service, place)| {
            let place = usize::try_from(place).ok()?;
            Some((service, *self.of(service).operations.get(place)?))
        })
    }

    /// An operation of a service.
    pub(crate) fn operation(&self, service: ServiceId, name: &str) -> Option<Operation> {
        self.with_operation(name).find(|(of, _)| *of == service).map(|(_, operation)| operation)
    }

    fn read(text: &'static str) -> Self {
        let mut sdk = Self::default();
        let mut kind = "";
        for line in text.lines().skip(1) {
            if let Some(head) = line.strip_prefix('>') {
                sdk.open(head);
                continue;
            }
            let number = ServiceId::try_from(sdk.services.len().saturating_sub(1)).unwrap_or_default();
            let Some(service) = sdk.services.last_mut() else { continue };
            let mut rest = line.chars();
            match rest.next() {
                Some('~') => {
                    if let Some((waiter, operation)) = rest.as_str().split_once(' ') {
                        service.waiters.insert(plain(waiter), operation);
                    }
                }
                Some('@') => {
                    let mut words = rest.as_str().split(' ');
                    kind = words.next().unwrap_or_default();
                    service.kinds.entry(kind).or_default().identifiers = words.collect();
                }
                Some(mark @ ('!' | '=' | '#' | '+' | '?' | '^')) => {
                    let (name, method) = Method::read(rest.as_str());
                    service.kinds.entry(kind).or_default().methods.insert((mark, plain(name)), method);
                }
                _ => {
                    let (name, members) = line.split_once(' ').unwrap_or((line, ""));
                    let place = u32::try_from(service.operations.len()).unwrap_or_default();
                    sdk.operations.entry(plain(name)).or_default().push((number, place));
                    service.operations.push(Operation { name, members });
                }
            }
        }
        sdk.add_labels();
        sdk
    }

    fn open(&mut self, head: &'static str) {
        let mut fields = head.split('|');
        let mut next = || fields.next().unwrap_or_default();
        let (name, id, signing, endpoint, classes) = (next(), next(), next(), next(), next());
        let number = ServiceId::try_from(self.services.len()).unwrap_or_default();
        for label in [name, id].into_iter().chain(classes.split(' ')).filter(|label| !label.is_empty()) {
            self.labels.entry(plain(label)).or_insert(number);
        }
        self.services.push(Service { name, labels: [endpoint, signing, name], ..Service::default() });
    }

    /// Names that are nobody's id.
    fn add_labels(&mut self) {
        #[expect(clippy::expect_used, reason = "a test reads the committed text")]
        let labels: BTreeMap<String, BTreeMap<String, String>> =
            toml::from_str(include_str!("../../data/labels.toml")).expect("the committed labels are TOML");
        for (label, name) in labels.values().flatten() {
            if let Some(service) = self.labels.get(&plain(name)).copied() {
                self.labels.entry(plain(label)).or_insert(service);
            }
        }
    }
}

impl Service {
    /// What a waiter calls.
    pub(crate) fn waiter(&self, name: &str) -> Option<&'static str> {
        self.waiters.get(&plain(name)).copied()
    }

    /// A kind of resource.
    pub(crate) fn kind(&self, name: &str) -> Option<(&'static str, &Resource)> {
        self.kinds.get_key_value(name).map(|(name, kind)| (*name, kind))
    }
}

impl Resource {
    /// A method or member by its mark and name.
    pub(crate) fn method(&self, mark: char, name: &str) -> Option<&Method> {
        self.methods.get(&(mark, plain(name)))
    }
}

impl Method {
    fn read(text: &'static str) -> (&'static str, Self) {
        let mut words = text.split(' ');
        let name = words.next().unwrap_or_default();
        let mut method = Self::default();
        for word in words {
            match (word.strip_prefix("->"), word.split_once('=')) {
                (Some(kind), _) => method.leads_to = Some(kind),
                (None, Some(pair)) if method.leads_to.is_some() => method.identifiers.push(pair),
                (None, Some(pair)) => method.parameters.push(pair),
                (None, None) => method.operation = word,
            }
        }
        (name, method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_table_is_whole() {
        let sdk = Sdk::get();
        assert!(sdk.services.len() > 400 && sdk.operations.len() > 15_000);
        for label in [
            "s3",
            "sesv2",
            "SFN",
            "stepfunctions",
            "StepFunctions",
            "cloudwatch-logs",
            "CloudWatchLogs",
            "simpleemail",
            "simplesystemsmanagement",
        ] {
            assert!(sdk.service(label).is_some(), "{label}");
        }
        let rds = sdk.service("rds").unwrap();
        assert_eq!(sdk.operation(rds, "describe_db_instances").unwrap().name, "DescribeDBInstances");
        let sqs = sdk.of(sdk.service("sqs").unwrap());
        let (_, queue) = sqs.kind("Queue").unwrap();
        assert_eq!(queue.method('!', "send_messages").unwrap().operation, "SendMessageBatch");
        assert_eq!(queue.identifiers, ["Url"]);
        assert_eq!(sdk.of(sdk.service("ec2").unwrap()).waiter("instance_running"), Some("DescribeInstances"));
    }

    #[test]
    fn no_service_has_two_operations_of_one_plain_name() {
        let operations: BTreeMap<_, _> = Sdk::get().operations.iter().collect();
        for (name, found) in operations {
            let mut services: Vec<ServiceId> = found.iter().map(|(service, _)| *service).collect();
            services.dedup();
            assert_eq!(services.len(), found.len(), "{name}");
        }
    }
}
