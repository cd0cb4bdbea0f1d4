"""Events, rules and their targets."""
import json

import boto3


def main():
    events = boto3.client("events")
    events.put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": json.dumps({}), "EventBusName": "orders"}])
    events.put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    events.put_targets(Rule="nightly", Targets=[{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:jobs"}])
    events.remove_targets(Rule="nightly", Ids=["1"])
    events.delete_rule(Name="nightly")
