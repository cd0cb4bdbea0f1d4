//! Trails as CloudTrail describes them: where each logs, what its event selectors select, whether it is on.

use jiff::Timestamp;
use kagimori_id::Arn;

use crate::fact::{Dataset, Known};

/// A trail, as `describe-trails` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedTrail {
    /// Its ARN: of the account that made it, for a trail of the organization the management account.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// `HomeRegion`
    pub home_region: Known<String>,
    /// `IsMultiRegionTrail`: it logs every Region that is on in the account, not its home Region alone.
    pub is_multi_region: Known<bool>,
    /// `IncludeGlobalServiceEvents`: those of IAM and STS, too.
    pub has_global_services: Known<bool>,
    /// `HasCustomEventSelectors`; without, it logs management events and nothing else.
    pub has_own_selectors: Known<bool>,
    /// What `get-event-selectors` says of it.
    pub selectors: Known<Vec<EventSelector>>,
    /// What `get-trail-status` says of it.
    pub status: Known<TrailStatus>,
}

/// Whether a trail is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailStatus {
    /// `IsLogging`
    pub is_logging: bool,
    /// `StartLoggingTime`: the last time that it was turned on.
    pub started: Option<Timestamp>,
    /// `LatestDeliveryError`: why its files did not reach the bucket, the last time.
    pub delivery_error: Option<String>,
}

/// An event selector: it selects the events that fulfil each of its fields. Basic selectors are told as advanced ones
/// (CloudTrail API Reference: `AdvancedEventSelector`, `EventSelector`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a list of fields")]
pub struct EventSelector {
    /// What an event must fulfil.
    pub fields: Vec<FieldSelector>,
}

/// What a field of an event must be: one of what it is to be, if that is said, and none of what it is not to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default, expecting = "an object")]
#[expect(clippy::exhaustive_structs, reason = "the operators that AWS has")]
pub struct FieldSelector {
    /// `eventCategory`, `resources.type`, `resources.ARN`, `readOnly`, `eventName`, `eventSource`, …
    pub field: String,
    /// `Equals`
    pub equals: Vec<String>,
    /// `StartsWith`
    pub starts_with: Vec<String>,
    /// `EndsWith`
    pub ends_with: Vec<String>,
    /// `NotEquals`
    pub not_equals: Vec<String>,
    /// `NotStartsWith`
    pub not_starts_with: Vec<String>,
    /// `NotEndsWith`
    pub not_ends_with: Vec<String>,
}

impl FieldSelector {
    /// A field that must be one of these.
    pub fn equals(field: &str, values: &[&str]) -> Self {
        Self { field: field.to_owned(), equals: owned(values), ..Self::default() }
    }

    /// A field that must be none of these.
    pub fn not_equals(field: &str, values: &[&str]) -> Self {
        Self { field: field.to_owned(), not_equals: owned(values), ..Self::default() }
    }

    /// A field that must begin with one of these.
    pub fn starts_with(field: &str, values: &[&str]) -> Self {
        Self { field: field.to_owned(), starts_with: owned(values), ..Self::default() }
    }
}

fn owned(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

impl EventSelector {
    /// What a trail logs that was told nothing: every management event.
    pub fn default_of_trails() -> Self {
        Self { fields: vec![FieldSelector::equals("eventCategory", &["Management"])] }
    }
}

impl DescribedTrail {
    /// A trail of which only the name is known.
    pub fn unknown(arn: Arn) -> Self {
        let absent = |field| Known::field_absent(Dataset::Trails, field);
        Self {
            name: arn.name().to_owned(),
            arn,
            home_region: Known::field_absent(Dataset::Trails, "HomeRegion"),
            is_multi_region: absent("IsMultiRegionTrail"),
            has_global_services: absent("IncludeGlobalServiceEvents"),
            has_own_selectors: absent("HasCustomEventSelectors"),
            selectors: Known::not_given(Dataset::EventSelectors),
            status: Known::not_given(Dataset::TrailStatus),
        }
    }

    /// Says which source it came from, once that has its number.
    pub(crate) fn place(&mut self, source: crate::SourceId) {
        self.home_region.place(source);
        self.is_multi_region.place(source);
        self.has_global_services.place(source);
        self.has_own_selectors.place(source);
    }
}
