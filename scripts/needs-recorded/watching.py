"""Logs and metrics."""
import time

import boto3

GROUP, STREAM = "/shop/web", "one"


def main():
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    now = int(time.time() * 1000)
    logs.put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=[{"timestamp": now, "message": "m"}])
    logs.filter_log_events(logGroupName=GROUP)
    boto3.client("cloudwatch").put_metric_data(Namespace="shop", MetricData=[{"MetricName": "n", "Value": 1}])
