//! The law of the fold: however the events are dealt out to folds, and in whatever order those merge, the facts are the same.

use jiff::Timestamp;
use proptest::prelude::*;

use super::{EventIds, Fold, Usage, event_key};
use crate::event::{self, Event};

/// What may differ between two events of a small world.
#[derive(Clone, Debug)]
struct Small {
    second: i64,
    who: u8,
    name: u8,
    error: bool,
    address: u8,
    agent: u8,
    id: u8,
}

fn small() -> impl Strategy<Value = Small> {
    (0..5_u8, 0..4_u8, any::<bool>(), 0..6_u8, 0..4_u8, 0..200_u8).prop_map(
        |(who, name, error, address, agent, id)| Small {
            // What comes twice comes with the same time.
            second: i64::from(id) * 1_999,
            who,
            name,
            error,
            address,
            agent,
            id,
        },
    )
}

impl Small {
    fn json(&self) -> String {
        let at = Timestamp::from_second(1_790_000_000 + self.second).unwrap_or(Timestamp::UNIX_EPOCH);
        let identity = match self.who {
            0 => r#"{"type":"Root","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333"}"#.to_owned(),
            1 => r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/app/s","accountId":"111122223333","accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/x/app","accountId":"111122223333"}}}"#.to_owned(),
            user => format!(
                r#"{{"type":"IAMUser","userName":"u{user}","arn":"arn:aws:iam::111122223333:user/u{user}","accountId":"111122223333","accessKeyId":"AKIAEXAMPLEEXAMPLE{user}"}}"#
            ),
        };
        let error = if self.error { r#""errorCode":"AccessDenied","# } else { "" };
        let agent = [
            "aws-cli/2",
            "Boto3/1 exec-env/AWS_Lambda_python3.12",
            "Terraform/1.13",
            "console.amazonaws.com",
        ];
        let agent = agent.get(usize::from(self.agent)).copied().unwrap_or_default();
        format!(
            r#"{{"eventVersion":"1.11","eventTime":"{at}","eventSource":"s3.amazonaws.com","eventName":"Call{}",{error}"readOnly":{},"userAgent":"{agent}","sourceIPAddress":"203.0.113.{}","awsRegion":"us-east-1","eventType":"AwsApiCall","eventID":"id-{}","recipientAccountId":"111122223333","eventCategory":"Management","userIdentity":{identity}}}"#,
            self.name,
            self.name.is_multiple_of(2),
            self.address,
            self.id,
        )
    }
}

/// Folds the events in `hands` hands, merged first to last or last to first. An id that comes again with the same content is
/// the same event.
fn usage(events: &[Small], hands: usize, backwards: bool) -> Usage {
    let mut seen = EventIds::default();
    let mut folds: Vec<Fold> = (0..hands).map(|_| Fold::default()).collect();
    for (index, small) in events.iter().enumerate() {
        let text = small.json();
        let Some(fold) = folds.get_mut(index % hands) else { continue };
        let reading = event::read(text.as_bytes(), |event: Event<'_>| {
            let fresh = event_key(&event).is_none_or(|key| seen.insert(key).counts());
            fold.add(&event, fresh);
        });
        fold.add_file(text.len() as u64, &reading);
    }
    if backwards {
        folds.reverse();
    }
    let mut whole = Fold::default();
    for fold in folds {
        whole.merge(fold);
    }
    whole.finish()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn dealing_and_order_do_not_matter(events in prop::collection::vec(small(), 0..60), hands in 1..7_usize) {
        let whole = usage(&events, 1, false);
        prop_assert_eq!(&whole, &usage(&events, hands, false));
        prop_assert_eq!(&whole, &usage(&events, hands, true));
        let reversed: Vec<Small> = events.iter().rev().cloned().collect();
        prop_assert_eq!(&whole, &usage(&reversed, hands, false));
        let distinct: std::collections::BTreeSet<String> = events.iter().map(Small::json).collect();
        prop_assert_eq!(whole.totals.events, distinct.len() as u64);
        prop_assert_eq!(whole.totals.duplicates, (events.len() - distinct.len()) as u64);
        for activity in whole.users.values().chain(whole.roles.values()).chain(whole.roots.values()) {
            let sum = |days: &crate::sorted::Sorted<i32, u32>| days.values().map(|calls| u64::from(*calls)).sum::<u64>();
            prop_assert_eq!(sum(&activity.days), activity.calls);
            prop_assert_eq!(sum(&activity.failed_days), activity.calls - activity.succeeded);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut fold = Fold::default();
        let reading = event::read(&bytes, |event: Event<'_>| fold.add(&event, true));
        fold.add_file(bytes.len() as u64, &reading);
        fold.finish();
    }

    #[test]
    fn a_damaged_event_never_panics(small in small(), at in 0..900_usize, byte in any::<u8>()) {
        let mut bytes = small.json().into_bytes();
        let at = at % bytes.len();
        if let Some(spot) = bytes.get_mut(at) {
            *spot = byte;
        }
        let mut fold = Fold::default();
        event::read(&bytes, |event: Event<'_>| fold.add(&event, true));
        fold.finish();
    }
}
