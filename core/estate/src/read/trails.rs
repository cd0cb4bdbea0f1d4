//! `cloudtrail describe-trails`, `get-event-selectors` and `get-trail-status`: what the trails of an account log.

use serde::Deserialize;

use super::content::Content;
use super::fault::Fault;
use super::object::{Object, Reading};
use super::wire::{Instant, list};
use crate::SourceId;
use crate::cloudtrail::{DescribedTrail, EventSelector, FieldSelector, TrailStatus};
use crate::fact::Known;
use kagimori_id::Arn;

/// The field that stands for what a basic selector says and is not understood: what it selects is not known.
const NOT_UNDERSTOOD: &str = "DataResources";

/// The trails that an account has or that log it: those of the organization, and of other Regions, too.
pub(super) fn read_list(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireList = object.parse()?;
    Ok(Reading::whole(Content::Trails(wire.trail_list.into_iter().map(WireTrail::trail).collect())))
}

/// What one trail is told to select.
pub(super) fn read_selectors(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireSelectors = object.parse()?;
    let mut selectors: Vec<EventSelector> =
        wire.event_selectors.into_iter().flat_map(WireBasic::selectors).collect();
    let advanced = wire.advanced_event_selectors.into_iter();
    selectors.extend(advanced.map(|one| EventSelector { fields: one.field_selectors }));
    Ok(Reading::whole(Content::EventSelectors(wire.trail_arn, selectors)))
}

/// Whether one trail is on. AWS's answer does not name the trail: its file's name does.
pub(super) fn read_status(object: &Object<'_>) -> Result<Reading, Fault> {
    let wire: WireStatus = object.parse()?;
    let status = TrailStatus {
        is_logging: wire.is_logging,
        started: wire.start_logging_time.map(|at| at.0),
        delivery_error: wire.latest_delivery_error.filter(|error| !error.is_empty()),
    };
    Ok(Reading::whole(Content::TrailStatus(object.named_after().0.to_owned(), status)))
}

impl WireTrail {
    fn trail(self) -> DescribedTrail {
        let mut trail = DescribedTrail::unknown(self.trail_arn);
        let known = |told: Option<bool>, unknown: &mut Known<bool>| {
            if let Some(told) = told {
                *unknown = Known::new(told, SourceId::UNPLACED);
            }
        };
        known(self.is_multi_region_trail, &mut trail.is_multi_region);
        known(self.include_global_service_events, &mut trail.has_global_services);
        known(self.has_custom_event_selectors, &mut trail.has_own_selectors);
        if let Some(region) = self.home_region {
            trail.home_region = Known::new(region, SourceId::UNPLACED);
        }
        if let Some(name) = self.name {
            trail.name = name;
        }
        trail
    }
}

impl WireBasic {
    /// The advanced selectors that say the same (CloudTrail User Guide, *Logging data events*: basic event selectors).
    fn selectors(self) -> Vec<EventSelector> {
        let mut common = Vec::new();
        match self.read_write_type.as_deref() {
            None | Some("All") => {}
            Some("ReadOnly") => common.push(FieldSelector::equals("readOnly", &["true"])),
            Some("WriteOnly") => common.push(FieldSelector::equals("readOnly", &["false"])),
            Some(_) => common.push(FieldSelector::equals(NOT_UNDERSTOOD, &[])),
        }
        let mut selectors = Vec::new();
        if self.include_management_events.unwrap_or(true) {
            let mut fields = vec![FieldSelector::equals("eventCategory", &["Management"])];
            fields.extend(common.clone());
            let excluded: Vec<&str> =
                self.exclude_management_event_sources.iter().map(String::as_str).collect();
            if !excluded.is_empty() {
                fields.push(FieldSelector::not_equals("eventSource", &excluded));
            }
            selectors.push(EventSelector { fields });
        }
        for resource in self.data_resources {
            let mut fields = vec![
                FieldSelector::equals("eventCategory", &["Data"]),
                FieldSelector::equals("resources.type", &[&resource.kind]),
                resource.arns(),
            ];
            fields.extend(common.clone());
            selectors.push(EventSelector { fields });
        }
        selectors
    }
}

impl WireResource {
    /// Of buckets with the beginning of a key, `arn:aws:s3` and the like all of a kind, else each by its name.
    fn arns(&self) -> FieldSelector {
        let is_of_all = |value: &&String| value.trim_end_matches(':').splitn(4, ':').count() == 3;
        let is_of_objects = |value: &&String| self.kind == "AWS::S3::Object" && value.contains('/');
        let starts = |value: &&String| is_of_all(value) || is_of_objects(value);
        let mut field = FieldSelector { field: "resources.ARN".to_owned(), ..FieldSelector::default() };
        field.starts_with = self.values.iter().filter(starts).cloned().collect();
        field.equals = self.values.iter().filter(|value| !starts(value)).cloned().collect();
        if self.values.is_empty() {
            // nothing, or everything: AWS's pages do not say
            NOT_UNDERSTOOD.clone_into(&mut field.field);
        }
        field
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
struct WireList {
    #[serde(default, deserialize_with = "list")]
    trail_list: Vec<WireTrail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireTrail {
    #[serde(rename = "TrailARN")]
    trail_arn: Arn,
    name: Option<String>,
    home_region: Option<String>,
    is_multi_region_trail: Option<bool>,
    include_global_service_events: Option<bool>,
    has_custom_event_selectors: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireSelectors {
    #[serde(rename = "TrailARN")]
    trail_arn: Arn,
    #[serde(default, deserialize_with = "list")]
    event_selectors: Vec<WireBasic>,
    #[serde(default, deserialize_with = "list")]
    advanced_event_selectors: Vec<WireAdvanced>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireAdvanced {
    field_selectors: Vec<FieldSelector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireBasic {
    read_write_type: Option<String>,
    include_management_events: Option<bool>,
    #[serde(default, deserialize_with = "list")]
    data_resources: Vec<WireResource>,
    #[serde(default, deserialize_with = "list")]
    exclude_management_event_sources: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireResource {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(default, deserialize_with = "list")]
    values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct WireStatus {
    is_logging: bool,
    start_logging_time: Option<Instant>,
    latest_delivery_error: Option<String>,
}
