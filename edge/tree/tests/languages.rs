//! What programs in C#, Kotlin, Ruby, Rust and the shell call: a table of small files for each.

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kagimori_source::needs::{Analysis, Place, analyse};
    use kagimori_tree::parse::{language_of, parse};

    fn analysis(files: &[(&str, &str)]) -> Analysis {
        let units = files.iter().filter_map(|(path, text)| parse(path, language_of(path)?, text)).collect();
        analyse(units, BTreeMap::new())
    }

    /// `line action resource` of what is surely needed.
    fn needs(files: &[(&str, &str)]) -> Vec<String> {
        let place =
            Place { account: Some("111122223333".to_owned()), region: Some("ap-northeast-1".to_owned()) };
        let all = analysis(files).calls;
        let needs = all.iter().flat_map(|call| call.needs(&place)).filter(|need| !need.is_possible);
        let mut told: Vec<String> =
            needs.map(|need| format!("{} {} {}", need.line, need.action, need.resource)).collect();
        told.sort();
        told.dedup();
        told
    }

    fn tell(path: &str, text: &str, expected: &[&str]) {
        assert_eq!(needs(&[(path, text)]), expected, "{path}: {text}");
    }

    #[test]
    fn csharp_tells_what_it_calls() {
        for (text, expected) in [
            (
                "using Amazon.S3;\nclass W {\n const string B = \"lake\";\n readonly IAmazonS3 _s3;\n W(IAmazonS3 s3) { _s3 = s3; }\n async Task Up(string key) {\n await _s3.PutObjectAsync(new PutObjectRequest { BucketName = B, Key = $\"in/{key}\" });\n }\n}",
                &["7 s3:PutObject arn:aws:s3:::lake/in/*"][..],
            ),
            (
                "using Amazon.SQS;\nclass Q(IAmazonSQS sqs) {\n Task F() => sqs.SendMessageAsync(\"https://sqs.ap-northeast-1.amazonaws.com/111122223333/orders\", \"m\");\n}",
                &["3 sqs:SendMessage arn:aws:sqs:ap-northeast-1:111122223333:orders"],
            ),
            (
                "using Amazon.S3;\nvar c = new AmazonS3Client();\nawait c.PutBucketAsync(\"b\");\nawait c.CopyObjectAsync(\"from\", \"a\", \"to\", \"b\");",
                &[
                    "3 s3:CreateBucket arn:aws:s3:::b",
                    "4 s3:GetObject arn:aws:s3:::from/a",
                    "4 s3:PutObject arn:aws:s3:::to/b",
                ],
            ),
            (
                "using Amazon.S3;\nvar u = new TransferUtility(new AmazonS3Client());\nawait u.UploadAsync(\"file\", \"b\", \"k\");",
                &["3 s3:PutObject arn:aws:s3:::b/k"],
            ),
            (
                "using Amazon.S3;\nvar c = new AmazonS3Client(new AmazonS3Config { ServiceURL = \"http://localhost:4566\" });\nawait c.PutBucketAsync(\"b\");",
                &[],
            ),
            ("class Store { void GetObject(string b) { } void F() { GetObject(\"b\"); } }", &[]),
        ] {
            tell("a.cs", text, expected);
        }
    }

    #[test]
    fn a_partial_class_sees_the_fields_of_its_other_files() {
        let one =
            ("a/W.cs", "using Amazon.RDS;\npublic partial class W { private readonly IAmazonRDS _rds; }");
        let other =
            ("a/W.More.cs", "public partial class W {\n Task F() => _rds.DescribeDBInstancesAsync(); }");
        assert_eq!(
            needs(&[one, other]),
            ["2 rds:DescribeDBInstances arn:aws:rds:ap-northeast-1:111122223333:db:*"]
        );
    }

    #[test]
    fn kotlin_tells_what_it_calls() {
        for (text, expected) in [
            (
                "import aws.sdk.kotlin.services.s3.S3Client\nimport aws.sdk.kotlin.services.s3.model.*\nconst val B = \"lake\"\nsuspend fun f(key: String) {\n val r = PutObjectRequest {\n  bucket = B\n  this.key = \"in/$key-x\"\n }\n S3Client.fromEnvironment { region = \"x\" }.use { s3 ->\n  s3.putObject(r)\n  s3.deleteObject { bucket = B; this.key = \"k\" }\n }\n}",
                &["10 s3:PutObject arn:aws:s3:::lake/in/*-x", "11 s3:DeleteObject arn:aws:s3:::lake/k"][..],
            ),
            (
                "import aws.sdk.kotlin.services.sns.SnsClient\nclass W(private val sns: SnsClient, private val topic: String) {\n suspend fun f() { sns.publish { topicArn = topic; message = \"m\" } }\n}\nsuspend fun main() { W(SnsClient { }, \"arn:aws:sns:ap-northeast-1:111122223333:t\").f() }",
                &["3 sns:Publish arn:aws:sns:ap-northeast-1:111122223333:t"],
            ),
        ] {
            tell("a.kt", text, expected);
        }
    }

    #[test]
    fn ruby_tells_what_it_calls() {
        for (text, expected) in [
            (
                "require 'aws-sdk-s3'\nclass W\n  def initialize(bucket)\n    @bucket = bucket\n  end\n  def up(key)\n    @bucket.object(\"in/#{key}\").put(body: 'x')\n    @bucket.objects(prefix: 'p/').each do |o|\n      o.delete\n    end\n  end\nend\nW.new(Aws::S3::Bucket.new('lake')).up('a')",
                &[
                    "7 s3:PutObject arn:aws:s3:::lake/in/a",
                    "8 s3:ListBucket arn:aws:s3:::lake",
                    "9 s3:DeleteObject arn:aws:s3:::lake/*",
                ][..],
            ),
            (
                "B = ENV.fetch('NONE', 'd')\ndef client = @client ||= Aws::S3::Client.new\nclient.get_object(bucket: B, key: 'k')\nAws::S3::Presigner.new.presigned_url(:put_object, bucket: B, key: 'k')",
                &["3 s3:GetObject arn:aws:s3:::d/k", "4 s3:PutObject arn:aws:s3:::d/k"],
            ),
            (
                "q = Aws::SQS::QueuePoller.new('https://sqs.ap-northeast-1.amazonaws.com/111122223333/orders')\nq.poll { |m| puts m }",
                &[
                    "2 sqs:DeleteMessage arn:aws:sqs:ap-northeast-1:111122223333:orders",
                    "2 sqs:ReceiveMessage arn:aws:sqs:ap-northeast-1:111122223333:orders",
                ],
            ),
            ("class Store\n def go\n  create_table\n  put_object(1)\n end\nend\nrequire 'aws-sdk-s3'", &[]),
        ] {
            tell("a.rb", text, expected);
        }
    }

    #[test]
    fn rust_tells_what_it_calls() {
        for (text, expected) in [
            (
                "use aws_sdk_s3::Client;\nconst B: &str = \"lake\";\nstruct W { client: Client }\nimpl W {\n    async fn up(&self, key: &str) {\n        self.client.put_object()\n            .bucket(B).key(format!(\"in/{key}\")).send().await?;\n        let mut r = self.client.list_objects_v2().bucket(B);\n        r = r.prefix(\"p\");\n        let _ = r.into_paginator().send();\n    }\n}",
                &["6 s3:PutObject arn:aws:s3:::lake/in/*", "8 s3:ListBucket arn:aws:s3:::lake"][..],
            ),
            (
                "async fn f(c: &aws_sdk_sqs::Client) {\n    println!(\"{:?}\", c.send_message().queue_url(\"https://sqs.ap-northeast-1.amazonaws.com/111122223333/orders\").send().await);\n}",
                &["2 sqs:SendMessage arn:aws:sqs:ap-northeast-1:111122223333:orders"],
            ),
            // Begun here, sent where nobody looks: it counts all the same.
            (
                "fn f(c: &aws_sdk_s3::Client) {\n    elsewhere::run(c.get_object().bucket(\"b\").key(\"k\"));\n}",
                &["2 s3:GetObject *"],
            ),
        ] {
            tell("a.rs", text, expected);
        }
    }

    #[test]
    fn shell_tells_what_it_calls() {
        for (text, expected) in [
            (
                "B=lake\nup() {\n  local f=\"$1\"\n  aws s3 cp \"$f\" \"s3://$B/in/${2:-x}\"\n}\nup a.txt key",
                &["4 s3:PutObject arn:aws:s3:::lake/in/key"][..],
            ),
            (
                "aws s3 sync . s3://site/ --delete",
                &[
                    "1 s3:DeleteObject arn:aws:s3:::site/*",
                    "1 s3:ListBucket arn:aws:s3:::site",
                    "1 s3:PutObject arn:aws:s3:::site/*",
                ],
            ),
            (
                "AWS=\"aws --profile x\"\n$AWS sqs send-message --queue-url=https://sqs.ap-northeast-1.amazonaws.com/111122223333/orders --message-body m",
                &["2 sqs:SendMessage arn:aws:sqs:ap-northeast-1:111122223333:orders"],
            ),
            (
                "aws() { command aws --region x \"$@\"; }\naws s3api get-object --bucket b --key k out",
                &["1 s3:GetObject arn:aws:s3:::b/k"],
            ),
            ("find . | xargs -I{} aws s3 rm s3://b/k", &["1 s3:DeleteObject arn:aws:s3:::b/k"]),
            ("bash -c 'aws ec2 wait instance-running --instance-ids i-1'", &["1 ec2:DescribeInstances *"]),
            (
                "aws dynamodb batch-write-item --request-items '{\"orders\": []}'",
                &["1 dynamodb:BatchWriteItem arn:aws:dynamodb:ap-northeast-1:111122223333:table/orders"],
            ),
            (
                "aws eks update-kubeconfig --name c",
                &["1 eks:DescribeCluster arn:aws:eks:ap-northeast-1:111122223333:cluster/c"],
            ),
            (
                "echo aws s3 rb s3://b\naws configure list\naws s3 ls s3://b --endpoint-url http://localhost:4566\naws help",
                &[],
            ),
        ] {
            tell("a.sh", text, expected);
        }
    }

    #[test]
    fn a_command_whose_operation_is_a_variable_cannot_be_told() {
        let found = analysis(&[("a.sh", "aws ec2 \"$1\"\naws \"$SERVICE\" list\naws nosuch thing")]);
        let lines: Vec<u32> = found.untold.iter().map(|untold| untold.line).collect();
        assert_eq!((found.calls.len(), lines), (0, vec![1, 2, 3]));
    }
}
