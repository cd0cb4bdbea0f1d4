"""The clients' side of check-aws-client: one list of calls, made by the AWS CLI and by our client, each on the same moto.

Arguments: moto's address, our example program, a directory to work in; `--seed SCRIPT` for another estate.
"""

import base64
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import urllib.request

ENDPOINT, PROGRAM, WORK = sys.argv[1:4]
SEED = sys.argv[sys.argv.index("--seed") + 1] if "--seed" in sys.argv else None
ACCOUNT = "123456789012"
CONFIG = f"{WORK}/config"
with open(CONFIG, "w") as file:
    # The CLI's version 2 prints times so by itself.
    file.write("[default]\ncli_timestamp_format = iso8601\nregion = us-east-1\n")
SETTINGS = {
    "AWS_ENDPOINT_URL": ENDPOINT, "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": CONFIG,
    "AWS_SHARED_CREDENTIALS_FILE": f"{WORK}/credentials", "AWS_PAGER": "", "AWS_DEFAULT_OUTPUT": "json", "TZ": "UTC",
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1", "HOME": WORK,
}
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(SETTINGS)

import boto3
import botocore.session
from awscli.clidriver import create_clidriver
from botocore import xform_name

DRIVER = create_clidriver()
READS = ("Get", "List", "Describe", "Lookup", "Generate", "Simulate", "Validate", "Select", "Receive")


class Blob(str):
    """Bytes: the CLI's version 1 takes them as text, our client in base64."""


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


ALLOW = document({"Sid": "a b/c+d%", "Effect": "Allow", "Action": ["s3:GetObject", "s3:*"], "Resource": "arn:aws:s3:::b/${aws:username}*"})
TRUST = document({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"})
USER, ROLE, GROUP = {"UserName": "u.1+x,=@-_"}, {"RoleName": "r1"}, {"GroupName": "g1"}
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/p1"
OIDC = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.example.com"
SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/s1"
SSH = (
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC5YxP5VFh8BRg2Tnm4hXn8fXxVmGkSYJ0JXJNw3bGmJ0J1L0HqkUe3v6y5mnX7Yq0QkQ0aZ8t0P5bJcQqS a@b"
)
SAML_DOCUMENT = "<?xml version=\"1.0\"?>" + "<EntityDescriptor entityID=\"x\">" + "a" * 1100 + "</EntityDescriptor>"


def of(service, operation, *path):
    """What an earlier call of this run answered."""

    def found(answers):
        value = answers.get((service, operation))
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return "unknown" * 6
        return value

    return found


INSTANCE = of("sso-admin", "ListInstances", "Instances", 0, "InstanceArn")
STORE = of("sso-admin", "ListInstances", "Instances", 0, "IdentityStoreId")
SET = of("sso-admin", "CreatePermissionSet", "PermissionSet", "PermissionSetArn")
IN_SET = {"InstanceArn": INSTANCE, "PermissionSetArn": SET}
ASSIGNED = {**IN_SET, "TargetId": ACCOUNT, "TargetType": "AWS_ACCOUNT", "PrincipalType": "USER", "PrincipalId": of("identitystore", "ListUsers", "Users", 0, "UserId")}
ROOT = of("organizations", "ListRoots", "Roots", 0, "Id")
SCP = of("organizations", "CreatePolicy", "Policy", "PolicySummary", "Id")
QUEUE = of("sqs", "GetQueueUrl", "QueueUrl")
KEY = of("kms", "ListKeys", "Keys", 0, "KeyId")
TOPIC = of("sns", "ListTopics", "Topics", 0, "TopicArn")
QUERY = of("athena", "StartQueryExecution", "QueryExecutionId")
ACCESS_KEY = of("iam", "CreateAccessKey", "AccessKey", "AccessKeyId")
SSH_KEY = of("iam", "UploadSSHPublicKey", "SSHPublicKey", "SSHPublicKeyId")

CALLS = [("iam", *call) for call in [
    ("CreateUser", {**USER, "Path": "/team/", "Tags": [{"Key": "owner", "Value": "鍵"}]}),
    ("CreateUser", {"UserName": "u2"}), ("CreateUser", USER), ("GetUser", USER), ("GetUser", {"UserName": "nobody"}), ("ListUsers", {}),
    ("TagUser", {**USER, "Tags": [{"Key": "purpose", "Value": ""}]}), ("ListUserTags", USER),
    ("UntagUser", {**USER, "TagKeys": ["purpose"]}),
    ("CreateGroup", GROUP), ("AddUserToGroup", {**GROUP, **USER}), ("GetGroup", GROUP), ("ListGroups", {}), ("ListGroupsForUser", USER),
    ("CreateRole", {**ROLE, "AssumeRolePolicyDocument": TRUST, "Description": "a & b <c>", "MaxSessionDuration": 7200}),
    ("GetRole", ROLE), ("ListRoles", {}), ("UpdateRole", {**ROLE, "Description": "new", "MaxSessionDuration": 3600}),
    ("UpdateAssumeRolePolicy", {**ROLE, "PolicyDocument": TRUST}),
    ("TagRole", {**ROLE, "Tags": [{"Key": "a", "Value": "b"}]}), ("ListRoleTags", ROLE), ("UntagRole", {**ROLE, "TagKeys": ["a"]}),
    ("CreatePolicy", {"PolicyName": "p1", "PolicyDocument": ALLOW, "Description": "d"}), ("GetPolicy", {"PolicyArn": POLICY}),
    ("ListPolicies", {"Scope": "Local"}), ("ListPolicies", {"Scope": "AWS", "MaxItems": 1000}),
    ("TagPolicy", {"PolicyArn": POLICY, "Tags": [{"Key": "a", "Value": "b"}]}), ("ListPolicyTags", {"PolicyArn": POLICY}),
    ("UntagPolicy", {"PolicyArn": POLICY, "TagKeys": ["a"]}),
    ("CreatePolicyVersion", {"PolicyArn": POLICY, "PolicyDocument": TRUST.replace("sts:AssumeRole", "sts:*").replace('"Principal": {"AWS": "arn:aws:iam::123456789012:root"}', '"Resource": "*"'), "SetAsDefault": False}),
    ("ListPolicyVersions", {"PolicyArn": POLICY}), ("GetPolicyVersion", {"PolicyArn": POLICY, "VersionId": "v1"}),
    ("SetDefaultPolicyVersion", {"PolicyArn": POLICY, "VersionId": "v2"}), ("DeletePolicyVersion", {"PolicyArn": POLICY, "VersionId": "v1"}),
    ("PutUserPolicy", {**USER, "PolicyName": "inline", "PolicyDocument": ALLOW}), ("GetUserPolicy", {**USER, "PolicyName": "inline"}),
    ("ListUserPolicies", USER), ("PutRolePolicy", {**ROLE, "PolicyName": "inline", "PolicyDocument": ALLOW}),
    ("GetRolePolicy", {**ROLE, "PolicyName": "inline"}), ("ListRolePolicies", ROLE),
    ("PutGroupPolicy", {**GROUP, "PolicyName": "inline", "PolicyDocument": ALLOW}),
    ("GetGroupPolicy", {**GROUP, "PolicyName": "inline"}), ("ListGroupPolicies", GROUP),
    ("AttachUserPolicy", {**USER, "PolicyArn": POLICY}), ("ListAttachedUserPolicies", USER),
    ("AttachRolePolicy", {**ROLE, "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}), ("ListAttachedRolePolicies", ROLE),
    ("AttachGroupPolicy", {**GROUP, "PolicyArn": POLICY}), ("ListAttachedGroupPolicies", GROUP), ("ListEntitiesForPolicy", {"PolicyArn": POLICY}),
    ("PutUserPermissionsBoundary", {**USER, "PermissionsBoundary": POLICY}), ("PutRolePermissionsBoundary", {**ROLE, "PermissionsBoundary": POLICY}),
    ("CreateAccessKey", USER), ("ListAccessKeys", USER), ("GetAccessKeyLastUsed", {"AccessKeyId": ACCESS_KEY}),
    ("UpdateAccessKey", {**USER, "AccessKeyId": ACCESS_KEY, "Status": "Inactive"}),
    ("CreateLoginProfile", {**USER, "Password": "Example-Pass-1", "PasswordResetRequired": True}), ("GetLoginProfile", USER),
    ("UpdateLoginProfile", {**USER, "PasswordResetRequired": False}),
    ("UploadSSHPublicKey", {**USER, "SSHPublicKeyBody": SSH}), ("ListSSHPublicKeys", USER),
    ("GetSSHPublicKey", {**USER, "SSHPublicKeyId": SSH_KEY, "Encoding": "SSH"}),
    ("UpdateSSHPublicKey", {**USER, "SSHPublicKeyId": SSH_KEY, "Status": "Inactive"}),
    ("ListMFADevices", USER), ("ListVirtualMFADevices", {}), ("ListSigningCertificates", USER), ("ListServerCertificates", {}),
    ("ListServiceSpecificCredentials", {"AllUsers": True}),
    ("CreateOpenIDConnectProvider", {"Url": "https://token.example.com", "ClientIDList": ["sts.amazonaws.com"], "ThumbprintList": ["a" * 40]}),
    ("ListOpenIDConnectProviders", {}), ("GetOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC}),
    ("AddClientIDToOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC, "ClientID": "other"}),
    ("RemoveClientIDFromOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC, "ClientID": "other"}),
    ("UpdateOpenIDConnectProviderThumbprint", {"OpenIDConnectProviderArn": OIDC, "ThumbprintList": ["b" * 40]}),
    ("TagOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC, "Tags": [{"Key": "a", "Value": "b"}]}),
    ("UntagOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC, "TagKeys": ["a"]}),
    ("CreateSAMLProvider", {"Name": "s1", "SAMLMetadataDocument": SAML_DOCUMENT}), ("ListSAMLProviders", {}),
    ("GetSAMLProvider", {"SAMLProviderArn": SAML}), ("UpdateSAMLProvider", {"SAMLProviderArn": SAML, "SAMLMetadataDocument": SAML_DOCUMENT}),
    ("CreateInstanceProfile", {"InstanceProfileName": "i1"}), ("AddRoleToInstanceProfile", {"InstanceProfileName": "i1", **ROLE}),
    ("GetInstanceProfile", {"InstanceProfileName": "i1"}), ("ListInstanceProfiles", {}), ("ListInstanceProfilesForRole", ROLE),
    ("CreateAccountAlias", {"AccountAlias": "shiosai-test"}), ("ListAccountAliases", {}),
    ("GetAccountPasswordPolicy", {}), ("UpdateAccountPasswordPolicy", {"MinimumPasswordLength": 14, "RequireSymbols": True}),
    ("GetAccountPasswordPolicy", {}), ("GetAccountSummary", {}),
    ("GetAccountAuthorizationDetails", {}), ("GetAccountAuthorizationDetails", {"Filter": ["User", "Role", "Group", "LocalManagedPolicy"], "MaxItems": 1000}),
    ("GetCredentialReport", {}), ("GenerateCredentialReport", {}), ("GenerateCredentialReport", {}), ("GetCredentialReport", {}),
    ("GenerateServiceLastAccessedDetails", {"Arn": POLICY}), ("GetServiceLastAccessedDetails", {"JobId": "00000000-0000-0000-0000-000000000000"}),
    ("ListDelegationRequests", {}), ("GetDelegationRequest", {"DelegationRequestId": "0123456789012345"}), ("ListOrganizationsFeatures", {}),
    ("EnableOrganizationsRootCredentialsManagement", {}), ("EnableOrganizationsRootSessions", {}),
    ("SimulateCustomPolicy", {"PolicyInputList": [ALLOW], "ActionNames": ["s3:GetObject"]}),
    ("SimulatePrincipalPolicy", {"PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:role/r1", "ActionNames": ["s3:GetObject"]}),
]] + [
    ("sts", "GetCallerIdentity", {}), ("sts", "GetAccessKeyInfo", {"AccessKeyId": ACCESS_KEY}),
    ("sts", "AssumeRole", {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r1", "RoleSessionName": "check", "Tags": [{"Key": "a", "Value": "b"}]}),
    ("sts", "AssumeRoleWithWebIdentity", {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r1", "RoleSessionName": "check", "WebIdentityToken": "e30.e30.e30"}),
    ("sts", "AssumeRoot", {"TargetPrincipal": ACCOUNT, "TaskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}}),
] + [("organizations", *call) for call in [
    ("DescribeOrganization", {}), ("ListAccounts", {}), ("ListRoots", {}), ("DescribeAccount", {"AccountId": ACCOUNT}),
    ("DescribeAccount", {"AccountId": "999999999999"}), ("ListOrganizationalUnitsForParent", {"ParentId": ROOT}),
    ("ListAccountsForParent", {"ParentId": ROOT}), ("ListChildren", {"ParentId": ROOT, "ChildType": "ACCOUNT"}), ("ListParents", {"ChildId": ACCOUNT}),
    ("DescribeOrganizationalUnit", {"OrganizationalUnitId": of("organizations", "ListOrganizationalUnitsForParent", "OrganizationalUnits", 0, "Id")}),
    ("EnablePolicyType", {"RootId": ROOT, "PolicyType": "SERVICE_CONTROL_POLICY"}),
    ("CreatePolicy", {"Name": "scp", "Description": "", "Type": "SERVICE_CONTROL_POLICY", "Content": ALLOW.replace("Allow", "Deny").replace("arn:aws:s3:::b/${aws:username}*", "*")}),
    ("DescribePolicy", {"PolicyId": SCP}), ("UpdatePolicy", {"PolicyId": SCP, "Description": "d"}), ("ListPolicies", {"Filter": "SERVICE_CONTROL_POLICY"}),
    ("AttachPolicy", {"PolicyId": SCP, "TargetId": ROOT}), ("ListTargetsForPolicy", {"PolicyId": SCP}),
    ("ListPoliciesForTarget", {"TargetId": ROOT, "Filter": "SERVICE_CONTROL_POLICY"}), ("DetachPolicy", {"PolicyId": SCP, "TargetId": ROOT}),
    ("DescribeEffectivePolicy", {"PolicyType": "TAG_POLICY"}), ("ListTagsForResource", {"ResourceId": ROOT}),
    ("ListDelegatedAdministrators", {}), ("ListDelegatedServicesForAccount", {"AccountId": ACCOUNT}), ("ListAWSServiceAccessForOrganization", {}),
    ("DeletePolicy", {"PolicyId": SCP}),
]] + [
    ("sso-admin", "ListInstances", {}), ("identitystore", "ListUsers", {"IdentityStoreId": STORE}), ("identitystore", "ListGroups", {"IdentityStoreId": STORE}),
    ("identitystore", "DescribeUser", {"IdentityStoreId": STORE, "UserId": of("identitystore", "ListUsers", "Users", 0, "UserId")}),
    ("identitystore", "DescribeGroup", {"IdentityStoreId": STORE, "GroupId": of("identitystore", "ListGroups", "Groups", 0, "GroupId")}),
    ("identitystore", "ListGroupMemberships", {"IdentityStoreId": STORE, "GroupId": of("identitystore", "ListGroups", "Groups", 0, "GroupId")}),
    ("identitystore", "ListGroupMembershipsForMember", {"IdentityStoreId": STORE, "MemberId": {"UserId": of("identitystore", "ListUsers", "Users", 0, "UserId")}}),
] + [("sso-admin", *call) for call in [
    ("CreatePermissionSet", {"InstanceArn": INSTANCE, "Name": "Reader", "SessionDuration": "PT1H"}), ("ListPermissionSets", {"InstanceArn": INSTANCE}),
    ("DescribePermissionSet", IN_SET), ("UpdatePermissionSet", {**IN_SET, "Description": "d"}),
    ("PutInlinePolicyToPermissionSet", {**IN_SET, "InlinePolicy": ALLOW}), ("GetInlinePolicyForPermissionSet", IN_SET),
    ("AttachManagedPolicyToPermissionSet", {**IN_SET, "ManagedPolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}), ("ListManagedPoliciesInPermissionSet", IN_SET),
    ("AttachCustomerManagedPolicyReferenceToPermissionSet", {**IN_SET, "CustomerManagedPolicyReference": {"Name": "p", "Path": "/"}}),
    ("ListCustomerManagedPolicyReferencesInPermissionSet", IN_SET),
    ("PutPermissionsBoundaryToPermissionSet", {**IN_SET, "PermissionsBoundary": {"ManagedPolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}}),
    ("GetPermissionsBoundaryForPermissionSet", IN_SET), ("DeletePermissionsBoundaryFromPermissionSet", IN_SET),
    ("TagResource", {"InstanceArn": INSTANCE, "ResourceArn": SET, "Tags": [{"Key": "a", "Value": "b"}]}), ("ListTagsForResource", {"InstanceArn": INSTANCE, "ResourceArn": SET}),
    ("UntagResource", {"InstanceArn": INSTANCE, "ResourceArn": SET, "TagKeys": ["a"]}),
    ("CreateAccountAssignment", ASSIGNED), ("ListAccountAssignments", {**IN_SET, "AccountId": ACCOUNT}),
    ("DescribeAccountAssignmentCreationStatus", {"InstanceArn": INSTANCE, "AccountAssignmentCreationRequestId": of("sso-admin", "CreateAccountAssignment", "AccountAssignmentCreationStatus", "RequestId")}),
    ("ListAccountsForProvisionedPermissionSet", IN_SET), ("ListPermissionSetsProvisionedToAccount", {"InstanceArn": INSTANCE, "AccountId": ACCOUNT}),
    ("ProvisionPermissionSet", {**IN_SET, "TargetType": "ALL_PROVISIONED_ACCOUNTS"}),
    ("DescribePermissionSetProvisioningStatus", {"InstanceArn": INSTANCE, "ProvisionPermissionSetRequestId": "00000000-0000-0000-0000-000000000000"}),
    ("DeleteAccountAssignment", ASSIGNED),
    ("DescribeAccountAssignmentDeletionStatus", {"InstanceArn": INSTANCE, "AccountAssignmentDeletionRequestId": of("sso-admin", "DeleteAccountAssignment", "AccountAssignmentDeletionStatus", "RequestId")}),
    ("DetachCustomerManagedPolicyReferenceFromPermissionSet", {**IN_SET, "CustomerManagedPolicyReference": {"Name": "p", "Path": "/"}}),
    ("DetachManagedPolicyFromPermissionSet", {**IN_SET, "ManagedPolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
    ("DeleteInlinePolicyFromPermissionSet", IN_SET), ("DeletePermissionSet", IN_SET),
]] + [("cloudtrail", *call) for call in [
    ("DescribeTrails", {}), ("ListTrails", {}), ("GetTrail", {"Name": "trail-1"}), ("GetTrailStatus", {"Name": "trail-1"}), ("GetEventSelectors", {"TrailName": "trail-1"}),
    ("GetTrail", {"Name": "none"}), ("LookupEvents", {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "x"}], "StartTime": "2026-01-01T00:00:00Z"}),
]] + [("account-access", *call) for call in [("ListApplications", {}), ("ListEntitlements", {"applicationArn": "arn:aws:x"}), ("GetEntitlement", {}), ("GetApplication", {})]] + [
    ("accessanalyzer", "ListAnalyzers", {}), ("accessanalyzer", "GetAnalyzer", {"analyzerName": "a"}),
    ("accessanalyzer", "ListFindings", {"analyzerArn": "arn:a"}), ("accessanalyzer", "ListFindingsV2", {"analyzerArn": "arn:a"}),
    ("accessanalyzer", "GetFindingV2", {"analyzerArn": "arn:a", "id": "x"}), ("accessanalyzer", "ListArchiveRules", {"analyzerName": "a"}),
    ("accessanalyzer", "ValidatePolicy", {"policyDocument": ALLOW, "policyType": "IDENTITY_POLICY"}),
] + [("config", *call) for call in [
    ("DescribeConfigRules", {}), ("DescribeConfigurationRecorders", {}), ("DescribeConfigurationRecorderStatus", {}),
    ("ListDiscoveredResources", {"resourceType": "AWS::S3::Bucket"}), ("SelectResourceConfig", {"Expression": "SELECT resourceId"}),
    ("PutEvaluations", {"ResultToken": "t", "Evaluations": [{"ComplianceResourceType": "AWS::IAM::User", "ComplianceResourceId": "x", "ComplianceType": "COMPLIANT", "OrderingTimestamp": "2026-01-01T00:00:00Z"}]}),
]] + [
    ("securityhub", "DescribeHub", {}), ("securityhub", "GetEnabledStandards", {}),
    ("securityhub", "BatchUpdateFindings", {"FindingIdentifiers": [{"Id": "a", "ProductArn": "arn:aws:b"}], "Note": {"Text": "t", "UpdatedBy": "u"}}),
] + [("events", *call) for call in [
    ("PutRule", {"Name": "e1", "EventPattern": "{\"source\":[\"aws.iam\"]}", "State": "ENABLED"}), ("DescribeRule", {"Name": "e1"}), ("ListRules", {}),
    ("PutTargets", {"Rule": "e1", "Targets": [{"Id": "1", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q1"}]}), ("ListTargetsByRule", {"Rule": "e1"}),
    ("PutEvents", {"Entries": [{"Source": "a", "DetailType": "b", "Detail": "{}", "Time": "2026-01-01T00:00:00Z"}]}), ("RemoveTargets", {"Rule": "e1", "Ids": ["1"]}), ("DeleteRule", {"Name": "e1"}),
]] + [("sqs", *call) for call in [
    ("ListQueues", {}), ("GetQueueUrl", {"QueueName": "q1"}), ("GetQueueUrl", {"QueueName": "none"}), ("SetQueueAttributes", {"QueueUrl": QUEUE, "Attributes": {"VisibilityTimeout": "60"}}),
    ("GetQueueAttributes", {"QueueUrl": QUEUE, "AttributeNames": ["VisibilityTimeout", "QueueArn"]}),
    ("SendMessage", {"QueueUrl": QUEUE, "MessageBody": "a & b 鍵", "MessageAttributes": {"k": {"DataType": "Binary", "BinaryValue": Blob("raw")}}}),
    ("ReceiveMessage", {"QueueUrl": QUEUE, "MessageAttributeNames": ["All"]}),
    ("ChangeMessageVisibility", {"QueueUrl": QUEUE, "ReceiptHandle": of("sqs", "ReceiveMessage", "Messages", 0, "ReceiptHandle"), "VisibilityTimeout": 0}),
    ("DeleteMessage", {"QueueUrl": QUEUE, "ReceiptHandle": of("sqs", "ReceiveMessage", "Messages", 0, "ReceiptHandle")}),
    ("DeleteMessageBatch", {"QueueUrl": QUEUE, "Entries": [{"Id": "1", "ReceiptHandle": of("sqs", "ReceiveMessage", "Messages", 0, "ReceiptHandle")}]}),
]] + [
    ("ses", "SendEmail", {"Source": "a@example.com", "Destination": {"ToAddresses": ["b@example.com"]}, "Message": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}}),
    ("ses", "SendRawEmail", {"Source": "a@example.com", "Destinations": ["b@example.com"], "RawMessage": {"Data": Blob("From: a@example.com\nTo: b@example.com\n\nhi")}}),
    ("sesv2", "GetAccount", {}), ("sesv2", "SendEmail", {"FromEmailAddress": "a@example.com", "Destination": {"ToAddresses": ["b@example.com"]}, "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}}}),
    ("secretsmanager", "ListSecrets", {}), ("secretsmanager", "DescribeSecret", {"SecretId": "x1"}), ("secretsmanager", "GetSecretValue", {"SecretId": "x1"}),
    ("secretsmanager", "PutSecretValue", {"SecretId": "x1", "SecretBinary": Blob("raw"), "ClientRequestToken": "0" * 32}), ("secretsmanager", "GetSecretValue", {"SecretId": "x1"}),
    ("secretsmanager", "GetResourcePolicy", {"SecretId": "x1"}), ("secretsmanager", "DescribeSecret", {"SecretId": "none"}),
    ("ssm", "PutParameter", {"Name": "/a/b", "Value": "v", "Type": "SecureString"}), ("ssm", "GetParameter", {"Name": "/a/b", "WithDecryption": True}),
    ("ssm", "GetParametersByPath", {"Path": "/a", "Recursive": True}), ("ssm", "DescribeParameters", {}), ("ssm", "GetParameter", {"Name": "/none"}),
    ("athena", "GetWorkGroup", {"WorkGroup": "primary"}), ("athena", "StartQueryExecution", {"QueryString": "SELECT 1", "ClientRequestToken": "0" * 32, "ResultConfiguration": {"OutputLocation": "s3://bucket-1/out/"}}),
    ("athena", "GetQueryExecution", {"QueryExecutionId": QUERY}), ("athena", "GetQueryResults", {"QueryExecutionId": QUERY}), ("athena", "StopQueryExecution", {"QueryExecutionId": QUERY}),
    ("account", "GetAlternateContact", {"AlternateContactType": "SECURITY"}), ("account", "GetContactInformation", {}), ("account", "ListRegions", {}),
    ("s3", "ListBuckets", {}), ("s3", "GetBucketLocation", {"Bucket": "bucket-1"}), ("s3", "GetBucketLocation", {"Bucket": "b-eu"}), ("s3", "GetBucketPolicy", {"Bucket": "bucket-1"}),
    ("s3", "GetBucketPolicy", {"Bucket": "b-eu"}), ("s3", "GetPublicAccessBlock", {"Bucket": "bucket-1"}), ("s3", "ListObjectsV2", {"Bucket": "bucket-1"}), ("s3", "ListObjectsV2", {"Bucket": "bucket-1", "Prefix": "a/", "Delimiter": "/"}),
    ("kms", "ListKeys", {}), ("kms", "DescribeKey", {"KeyId": KEY}), ("kms", "GetKeyPolicy", {"KeyId": KEY, "PolicyName": "default"}), ("kms", "ListAliases", {}), ("kms", "ListGrants", {"KeyId": KEY}),
    ("sns", "ListTopics", {}), ("sns", "GetTopicAttributes", {"TopicArn": TOPIC}), ("sns", "Publish", {"TopicArn": TOPIC, "Message": "m", "MessageAttributes": {"k": {"DataType": "String", "StringValue": "v"}}}),
    ("lambda", "ListFunctions", {}), ("lambda", "GetPolicy", {"FunctionName": "f1"}), ("lambda", "GetPolicy", {"FunctionName": "none"}),
    ("ecr", "DescribeRepositories", {}), ("ecr", "GetRepositoryPolicy", {"repositoryName": "e1"}), ("ecr", "GetRegistryPolicy", {}),
] + [("iam", *call) for call in [
    ("DeleteRolePermissionsBoundary", ROLE), ("DeleteUserPermissionsBoundary", USER), ("DetachUserPolicy", {**USER, "PolicyArn": POLICY}),
    ("DetachGroupPolicy", {**GROUP, "PolicyArn": POLICY}), ("DetachRolePolicy", {**ROLE, "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
    ("DeleteUserPolicy", {**USER, "PolicyName": "inline"}), ("DeleteRolePolicy", {**ROLE, "PolicyName": "inline"}), ("DeleteGroupPolicy", {**GROUP, "PolicyName": "inline"}),
    ("RemoveUserFromGroup", {**GROUP, **USER}), ("DeleteGroup", GROUP), ("DeleteLoginProfile", USER), ("DeleteAccessKey", {**USER, "AccessKeyId": ACCESS_KEY}),
    ("DeleteSSHPublicKey", {**USER, "SSHPublicKeyId": SSH_KEY}), ("RemoveRoleFromInstanceProfile", {"InstanceProfileName": "i1", **ROLE}), ("DeleteInstanceProfile", {"InstanceProfileName": "i1"}),
    ("DeleteRole", ROLE), ("DeletePolicy", {"PolicyArn": POLICY}), ("DeleteOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC}), ("DeleteSAMLProvider", {"SAMLProviderArn": SAML}),
    ("DeleteAccountAlias", {"AccountAlias": "shiosai-test"}), ("DeleteAccountPasswordPolicy", {}), ("DeactivateMFADevice", {**USER, "SerialNumber": "arn:aws:iam::1:mfa/none"}),
    ("DeleteVirtualMFADevice", {"SerialNumber": "arn:aws:iam::1:mfa/none"}), ("DeleteSigningCertificate", {**USER, "CertificateId": "C" * 24}),
    ("UpdateSigningCertificate", {**USER, "CertificateId": "C" * 24, "Status": "Inactive"}),
    ("DeleteServiceSpecificCredential", {"ServiceSpecificCredentialId": "A" * 20}), ("UpdateServiceSpecificCredential", {"ServiceSpecificCredentialId": "A" * 20, "Status": "Inactive"}),
    ("DeleteUser", USER), ("DeleteUser", {"UserName": "nobody"}),
]]


def moto(path):
    urllib.request.urlopen(urllib.request.Request(f"{ENDPOINT}/moto-api/{path}", method="POST")).read()


def seed():
    """What the tables' operations cannot make."""
    moto("reset")
    moto("seed?a=7")
    if SEED:
        subprocess.run([sys.executable, SEED, "--endpoint", ENDPOINT, "--accounts", "3", "--users", "60", "--reset", "--out", f"{WORK}/estate.json"], check=True, capture_output=True)
    session = boto3.Session()
    organizations = session.client("organizations")
    with contextlib.suppress(organizations.exceptions.AlreadyInOrganizationException):
        organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.create_organizational_unit(ParentId=root, Name="Workloads")
    for name in ("one", "two"):
        organizations.create_account(AccountName=name, Email=f"{name}@example.com")
    store = session.client("sso-admin").list_instances()["Instances"][0]["IdentityStoreId"]
    people = session.client("identitystore")
    user = people.create_user(IdentityStoreId=store, UserName="a", DisplayName="A", Name={"GivenName": "A", "FamilyName": "B"})
    group = people.create_group(IdentityStoreId=store, DisplayName="g")
    people.create_group_membership(IdentityStoreId=store, GroupId=group["GroupId"], MemberId={"UserId": user["UserId"]})
    s3 = session.client("s3")
    s3.create_bucket(Bucket="bucket-1")
    s3.create_bucket(Bucket="b-eu", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_policy(Bucket="bucket-1", Policy=document({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket-1/*"}))
    s3.put_public_access_block(Bucket="bucket-1", PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    for key in ("a/1", "a/b/2", "c d+e"):
        s3.put_object(Bucket="bucket-1", Key=key, Body=b"x")
    session.client("cloudtrail").create_trail(Name="trail-1", S3BucketName="bucket-1", IsMultiRegionTrail=True)
    session.client("cloudtrail").start_logging(Name="trail-1")
    session.client("cloudtrail").put_event_selectors(TrailName="trail-1", EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": True}])
    session.client("sqs").create_queue(QueueName="q1")
    session.client("sns").create_topic(Name="n1")
    session.client("kms").create_key(Description="k")
    session.client("ses").verify_email_identity(EmailAddress="a@example.com")
    session.client("secretsmanager").create_secret(Name="x1", SecretString="not a secret")
    session.client("ecr").create_repository(repositoryName="e1")
    session.client("securityhub").enable_security_hub()
    session.client("config").put_configuration_recorder(ConfigurationRecorder={"name": "default", "roleARN": f"arn:aws:iam::{ACCOUNT}:role/x"})


def filled(value, answers):
    if callable(value):
        return value(answers)
    if isinstance(value, dict):
        return {key: filled(item, answers) for key, item in value.items()}
    return [filled(item, answers) for item in value] if isinstance(value, list) else value


def cli(service, operation, given):
    """What `aws SERVICE OPERATION --cli-input-json …` prints; its code and text when it fails."""
    out, err = io.StringIO(), io.StringIO()
    name = "s3api" if service == "s3" else "configservice" if service == "config" else service
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        # The CLI's own settings for SQS pass over the variable.
        code = DRIVER.main(["--endpoint-url", ENDPOINT, name, xform_name(operation, "-"), "--cli-input-json", json.dumps(given)])
    if code == 0:
        return {"value": json.loads(out.getvalue() or "{}")}
    found = re.search(r"An error occurred \((\S+)\)", err.getvalue())
    return {"code": found.group(1) if found else None, "text": err.getvalue().strip()[:300]}


def in_base64(value):
    if isinstance(value, Blob):
        return base64.b64encode(value.encode()).decode()
    if isinstance(value, dict):
        return {key: in_base64(item) for key, item in value.items()}
    return [in_base64(item) for item in value] if isinstance(value, list) else value


class Ours:
    def __init__(self):
        self.process = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **SETTINGS})

    def __call__(self, service, operation, given):
        self.process.stdin.write(json.dumps({"service": service, "operation": operation, "input": in_base64(given)}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def run(call):
    """All calls, one after the other; what each answered."""
    seed()
    answers, said = {}, []
    for service, operation, given in CALLS:
        answer = call(service, operation, filled(given, answers))
        if "value" in answer:
            answers[(service, operation)] = answer["value"]
        said.append(answer)
    return said


NOW = re.compile(r"^20[23]\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)$")
RANDOM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\bssoins-\w{16}|\bps-\w{16}|\bd-\w{10}\b")
LOOSE = {"SecretAccessKey", "SessionToken", "AccessKeyId", "PackedPolicySize", "Content", "ReceiptHandle", "SentTimestamp", "RequestId", "MessageId", "PolicyId"}
# What moto makes up anew for each answer.
VOLATILE = {"athena GetWorkGroup"}


def masked(value):
    """Without what differs from run to run: times, and what moto draws whatever its seed. That their forms are equal is compared."""
    if isinstance(value, dict):
        loose = {key for key, item in value.items() if key in LOOSE and isinstance(item, (str, int, float))}
        return {RANDOM.sub("RANDOM", key): "RANDOM" if key in loose else masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    if isinstance(value, str):
        return ("TIME Z" if value.endswith("Z") else "TIME") if NOW.match(value) else RANDOM.sub("RANDOM", value)
    return value


def differences(ours, theirs, place=""):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(set(ours) | set(theirs)):
            if key not in ours or key not in theirs:
                yield f"{place}.{key} only {'ours' if key in ours else 'theirs'}: {str(ours.get(key, theirs.get(key)))[:80]}"
            else:
                yield from differences(ours[key], theirs[key], f"{place}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs)):
            yield from differences(one, other, f"{place}[{index}]")
    elif ours != theirs:
        yield f"{place}: {str(ours)[:120]} is not {str(theirs)[:120]}"


def same(call, ours, theirs, mask):
    global compared, refused, failed
    name = f"{call[0]} {call[1]}"
    if "value" not in theirs or "value" not in ours:
        refused += 1
        if ours.get("code") != theirs.get("code") or "value" in theirs or "value" in ours:
            # What moto fails at inside it says in a page of its own.
            if "value" not in ours and "value" not in theirs and ours.get("code") is None and (theirs["code"] in (None, "500", "501", "404", "InternalError", "InternalFailure", "NotYetImplemented") or "500" in theirs["text"]):
                return unsupported.add(name)
            failed += 1
            print(f"DIFFERS {name}: {str(ours)[:300]} is not {str(theirs)[:300]}")
        elif theirs.get("code") in (None, "NotYetImplemented", "InternalFailure", "404", "501"):
            unsupported.add(name)
        return None
    compared += 1
    supported.add(name)
    told = list(differences(mask(ours["value"]), mask(theirs["value"])))
    if told:
        failed += 1
        print(f"DIFFERS {name}: {'; '.join(told[:5])}")


def addresses():
    """Every address of every Region and variant against botocore's own rules."""
    global failed, looked_up
    session = botocore.session.Session()
    environment = {name: value for name, value in os.environ.items() if name != "AWS_ENDPOINT_URL"}
    from botocore.endpoint_provider import EndpointProvider
    loader = session.get_component("data_loader")
    partitions = loader.load_data("partitions")
    services = sorted({call[0] for call in CALLS})
    rules = {}
    for service in services:
        rules[service] = EndpointProvider(loader.load_service_model(service, "endpoint-rule-set-1"), partitions)
    for partition in partitions["partitions"]:
        for region in [name for name in partition["regions"] if not name.endswith("-global")]:
            for fips, dual in ((False, False), (True, False), (False, True), (True, True)):
                variables = {**environment, "AWS_USE_FIPS_ENDPOINT": str(fips).lower(), "AWS_USE_DUALSTACK_ENDPOINT": str(dual).lower()}
                lines = subprocess.run([PROGRAM, "--addresses", region], env=variables, capture_output=True, text=True, check=True).stdout.splitlines()
                ours = {line["service"]: (line["url"], line["region"]) for line in map(json.loads, lines)}
                for service in services:
                    given = {"Region": region, "UseFIPS": fips, "UseDualStack": dual}
                    if service == "s3":
                        given["ForcePathStyle"] = True
                    try:
                        found = rules[service].resolve_endpoint(**given)
                        schemes = [scheme for scheme in found.properties.get("authSchemes", []) if scheme["name"] == "sigv4"]
                        theirs = (found.url, schemes[0].get("signingRegion", region) if schemes else region)
                    except Exception as error:
                        if "EndpointProviderError" not in str(type(error).__mro__):
                            raise
                        theirs = None
                    looked_up += 1
                    if ours.get(service) != theirs:
                        failed += 1
                        print(f"DIFFERS address of {service} in {region} (FIPS {fips}, dual-stack {dual}): {ours.get(service)} is not {theirs}")


compared = refused = failed = looked_up = 0
supported, unsupported = set(), set()
theirs = run(cli)
ours = run(Ours())
for call, one, other in zip(CALLS, ours, theirs):
    same(call, one, other, masked)
# And both against one state, to the last letter.
both, answers = Ours(), {}
run(cli)
for call in CALLS:
    given = filled(call[2], answers)
    if call[1].startswith(READS) and call[1] not in ("ReceiveMessage", "GenerateCredentialReport", "GenerateServiceLastAccessedDetails"):
        one, other = both(call[0], call[1], given), cli(call[0], call[1], given)
        if "value" in other:
            answers[(call[0], call[1])] = other["value"]
        same(call, one, other, masked if f"{call[0]} {call[1]}" in VOLATILE else lambda value: value)
addresses()
rows = {line for line in subprocess.run([PROGRAM, "--operations"], capture_output=True, text=True, check=True).stdout.splitlines()}
never = rows - {f"{service} {operation}" for service, operation, _ in CALLS}
for row in sorted(never):
    failed += 1
    print(f"NEVER CALLED {row}")
print(f"operations: {len(rows)} rows, {len(supported)} answered by moto, {len(unsupported - supported)} not known to it, the rest refused alike")
print(f"answers compared: {compared}; refusals compared: {refused}; addresses compared: {looked_up}; {failed} differ")
sys.exit(1 if failed else 0)
