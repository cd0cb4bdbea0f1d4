//! The operations of AWS's APIs.
//!
//! Made by `cargo xtask gen operations`. A zlib stream of lines: the package; then for each service `>` and its labels
//! (signing name, endpoint prefix, name in botocore: one of them is the label of its `eventSource`), and its operations,
//! for API Gateway with method and URI.

use std::io::Read;
use std::sync::LazyLock;

use flate2::read::ZlibDecoder;

/// More than this is no list of operations; today's has half a megabyte.
const INFLATED_BYTES_MAX: u64 = 16 << 20;

/// All operations as text.
static TEXT: LazyLock<String> = LazyLock::new(|| {
    let mut text = String::new();
    let mut bytes =
        ZlibDecoder::new(&include_bytes!("../../data/operations.bin")[..]).take(INFLATED_BYTES_MAX);
    #[expect(clippy::expect_used, reason = "a test reads the committed bytes")]
    bytes.read_to_string(&mut text).expect("the committed list is whole");
    text
});

/// An operation of an API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    /// The labels of its service.
    pub(crate) labels: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    /// `GET /restapis/{restapi_id}` for API Gateway.
    #[cfg(test)]
    pub(crate) http: Option<(&'static str, &'static str)>,
}

/// Every operation.
pub(crate) fn all() -> impl Iterator<Item = Operation> {
    let mut labels = "";
    TEXT.lines().skip(1).filter_map(move |line| {
        if let Some(service) = line.strip_prefix('>') {
            labels = service;
            return None;
        }
        let mut words = line.split(' ');
        let name = words.next()?;
        #[cfg(test)]
        let http = words.next().zip(words.next());
        Some(Operation {
            labels,
            name,
            #[cfg(test)]
            http,
        })
    })
}
