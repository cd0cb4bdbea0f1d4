"""Several in one request."""
import boto3

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"


def main():
    sqs, sns, dynamodb = boto3.client("sqs"), boto3.client("sns"), boto3.client("dynamodb")
    sqs.send_message_batch(QueueUrl=QUEUE, Entries=[{"Id": "1", "MessageBody": "m"}])
    sns.publish_batch(TopicArn="arn:aws:sns:us-east-1:123456789012:news", PublishBatchRequestEntries=[{"Id": "1", "Message": "m"}])
    dynamodb.batch_get_item(RequestItems={"orders": {"Keys": [{"id": {"S": "1"}}]}, "stock": {"Keys": [{"id": {"S": "1"}}]}})
    boto3.client("s3").delete_objects(Bucket="lake", Delete={"Objects": [{"Key": "x"}]})
