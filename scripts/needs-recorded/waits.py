"""Waiters."""
import boto3


def wait(client, name, **what):
    client.get_waiter(name).wait(**what)


def main():
    wait(boto3.client("s3"), "bucket_exists", Bucket="lake")
    wait(boto3.client("dynamodb"), "table_exists", TableName="orders")
    ec2 = boto3.client("ec2")
    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    ec2.get_waiter("instance_running").wait(InstanceIds=[made["Instances"][0]["InstanceId"]])
