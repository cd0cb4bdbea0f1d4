"""Resources of boto3, held by objects."""
import boto3


class Store:
    def __init__(self, table, bucket):
        self.table = table
        self.bucket = bucket

    def save(self, order):
        self.table.put_item(Item=order)
        self.bucket.Object(f"orders/{order['id']}.json").put(Body=b"{}")

    def clear(self):
        for item in self.bucket.objects.filter(Prefix="orders/"):
            item.delete()
        return self.table.item_count


def main():
    store = Store(boto3.resource("dynamodb").Table("orders"), boto3.resource("s3").Bucket("lake"))
    store.save({"id": "1"})
    store.clear()
    topic = boto3.resource("sns").Topic("arn:aws:sns:us-east-1:123456789012:news")
    topic.publish(Message="m")
    queue = boto3.resource("sqs").get_queue_by_name(QueueName="jobs")
    queue.send_message(MessageBody="m")
    for message in queue.receive_messages(MaxNumberOfMessages=10):
        message.delete()
