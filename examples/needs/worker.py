"""Takes orders from the queue and files them in the lake."""
import os

import boto3

BUCKET = os.environ["LAKE_BUCKET"]
QUEUE = "https://sqs.ap-northeast-1.amazonaws.com/444455556666/orders"

sqs = boto3.client("sqs")
s3 = boto3.client("s3")


def file(order):
    s3.put_object(Bucket=BUCKET, Key=f"orders/{order['id']}.json", Body=order["text"])


def main():
    s3.get_object(Bucket=BUCKET, Key="rates.json")
    for message in sqs.receive_message(QueueUrl=QUEUE).get("Messages", []):
        file(message)
        sqs.delete_message(QueueUrl=QUEUE, ReceiptHandle=message["ReceiptHandle"])
