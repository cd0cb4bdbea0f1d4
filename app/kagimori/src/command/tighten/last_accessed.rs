//! What the estate holds of `aws iam get-service-last-accessed-details`, as proposals ask for it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kagimori_estate::Estate;
use kagimori_estate::fact::Known;
use kagimori_estate::model;
use kagimori_id::Arn;
use kagimori_plan::replay::Class;
use kagimori_plan::tighten::LastAccessed;

use super::propose::LastAccessedOf;
use crate::company::Window;

/// Of everybody of whom the directory holds an answer.
pub(super) fn of(estate: &Estate) -> LastAccessedOf {
    let users = estate.accounts.values().flat_map(|account| account.users.values());
    let roles = estate.accounts.values().flat_map(|account| account.roles.values());
    let users = users.map(|user| (&user.arn, &user.last_accessed));
    users.chain(roles.map(|role| (&role.arn, &role.last_accessed))).filter_map(services).collect()
}

/// The same beside all calls of the principal, whosever work these are: what AWS saw in the window, and the trail has no call of.
pub(super) fn beside(
    told: &BTreeMap<String, LastAccessed>,
    calls: &[&Class],
    window: Window,
) -> BTreeMap<String, LastAccessed> {
    let mut shown: BTreeSet<&str> = BTreeSet::new();
    for class in calls {
        shown.extend(class.call.source.split('.').next());
        shown.extend(class.call.checks.iter().filter_map(|check| check.action.split(':').next()));
    }
    let is_within = |at: i64| (window.from..window.until).contains(&at);
    let beside = |(service, told): (&String, &LastAccessed)| {
        let is_not_held = told.at.is_some_and(is_within) && !shown.contains(service.as_str());
        (service.clone(), LastAccessed { is_not_held, ..*told })
    };
    told.iter().map(beside).collect()
}

fn services(
    (principal, known): (&Arn, &Known<model::LastAccessed>),
) -> Option<(Arn, BTreeMap<String, LastAccessed>)> {
    let told = known.value()?.services.iter();
    let services = told.map(|(service, last)| {
        (service.clone(), LastAccessed { at: last.map(Timestamp::as_second), is_not_held: false })
    });
    Some((principal.clone(), services.collect()))
}

#[cfg(test)]
mod tests {
    use kagimori_id::AccountId;
    use kagimori_plan::replay::{Classes, Telling};
    use kagimori_trail::call::{Call, Caller, Check, CheckedResource};
    use kagimori_trail::event::Principal;

    use super::*;

    #[test]
    fn what_aws_saw_in_the_window_and_the_trail_has_no_call_of_is_told() {
        let account = AccountId::parse("111122223333").unwrap();
        let caller = Caller::bare(Principal::UserName(account, "app".into()));
        let check = Check::certain("cloudwatch:GetMetricData", CheckedResource::None);
        let call =
            Call { checks: vec![check], ..Call::bare(caller, "monitoring.amazonaws.com", "GetMetricData") };
        let mut classes = Classes::new(Telling::default());
        classes.add(&call);
        let classes = classes.finish();
        let calls: Vec<&Class> = classes.iter().collect();
        let at = |at: Option<i64>| LastAccessed { at, is_not_held: false };
        let told =
            [("cloudwatch", Some(15)), ("ec2", Some(15)), ("sqs", Some(9)), ("sns", Some(20)), ("s3", None)];
        let told = told.map(|(service, last)| (service.to_owned(), at(last)));
        let beside = beside(&told.into(), &calls, Window { from: 10, until: 20 });
        let missing: Vec<&str> =
            beside.iter().filter(|(_, told)| told.is_not_held).map(|(service, _)| service.as_str()).collect();
        assert_eq!(missing, ["ec2"]);
    }
}
