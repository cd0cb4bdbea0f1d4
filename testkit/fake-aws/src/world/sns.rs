//! Two calls of SNS, which speaks the same protocol: something to write and something to read that is not IAM, to prove what
//! a role's credentials may do.

use super::{Call, Operation, Service, World};
use crate::fault::Fault;
use crate::limits::{Checks, DEVICE_NAME};
use crate::xml::Xml;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateTopic", service: Service::Sns, run: create_topic },
    Operation { name: "ListTopics", service: Service::Sns, run: list_topics },
];

fn create_topic(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let name = call.parameters.get("Name");
    let mut checks = Checks::default();
    checks.required("name", name, &DEVICE_NAME);
    checks.done()?;
    let arn = arn(call, name.unwrap_or_default());
    world.state.authorise(world.question(call, "sns:CreateTopic", arn.clone()))?;
    if let Some(account) = world.state.accounts.get_mut(call.caller.account())
        && !account.topics.contains(&arn)
    {
        account.topics.push(arn.clone());
    }
    Ok(Some(Xml::new().leaf("TopicArn", &arn)))
}

fn list_topics(world: &mut World, call: &Call<'_>) -> Result<Option<Xml>, Fault> {
    let mut question = world.question(call, "sns:ListTopics", arn(call, "*"));
    question.is_wildcard_only = true;
    world.state.authorise(question)?;
    let topics =
        world.state.accounts.get(call.caller.account()).into_iter().flat_map(|account| &account.topics);
    let members = topics.map(|topic| Xml::new().leaf("TopicArn", topic));
    Ok(Some(Xml::new().list("Topics", members)))
}

fn arn(call: &Call<'_>, name: &str) -> String {
    format!("arn:aws:sns:{}:{}:{name}", call.caller.scope.0, call.caller.account())
}
