//! Every rule, as data: id, family, level, Access Analyzer's name, parliament's ids, the AWS page, what it says, what to do.
//!
//! Names and levels follow IAM Access Analyzer's catalogue (IAM User Guide, `access-analyzer-reference-policy-checks`) where
//! it has the check, with two differences: what IAM itself refuses is an error, and what only the service reference does not
//! know is a warning, because it may be newer.

use super::rule::{Family, Level, Rule};

macro_rules! rules {
    ($($name:ident = $id:literal, $family:ident, $level:ident, $aws:expr, [$($parliament:literal),*], $source:literal,
        $says:literal, $fix:literal;)*) => {
        /// A rule, by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum RuleId { $(#[doc = $says] $name),* }

        impl RuleId {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }

        /// Every rule, in the order of the families.
        pub static RULES: &[Rule] = &[$(Rule {
            id: $id, family: Family::$family, level: Level::$level, aws: $aws, parliament: &[$($parliament),*],
            source: $source, says: $says, fix: $fix,
        }),*];
    };
}

rules! {
    // JSON and the elements of the language
    JsonSyntax = "json-syntax", Grammar, Error, Some("Json syntax error"), ["MALFORMED_JSON", "EXCEPTION"],
        "reference_policies_grammar", "The text is not JSON.", "Repair the JSON at this place.";
    DuplicateKey = "duplicate-key", Grammar, Error, Some("Json syntax error"), [], "reference_policies_grammar",
        "A key stands twice in one object; AWS takes one of them, a reader may believe the other.",
        "Keep one, or join the values in a list.";
    DuplicateKeyCase = "duplicate-key-case", Grammar, Error, Some("Duplicate keys with different case"), [],
        "reference_policies_grammar", "A key stands twice in one object, in different case.", "Keep one of them.";
    DataTypeMismatch = "data-type-mismatch", Grammar, Error, Some("Data type mismatch"), ["MALFORMED"],
        "reference_policies_grammar", "An element has a JSON type that the language does not allow there.",
        "Write the type that the grammar asks for.";
    InvalidPolicyElement = "invalid-policy-element", Grammar, Error, Some("Invalid policy element"), ["MALFORMED"],
        "reference_policies_grammar", "An element is not part of the policy language.", "Remove it, or correct its name.";
    InvalidVersion = "invalid-version", Grammar, Error, Some("Invalid version"), ["INVALID_VERSION"],
        "reference_policies_elements_version", "The version is neither 2012-10-17 nor 2008-10-17.",
        "Write \"Version\": \"2012-10-17\".";
    MissingVersion = "missing-version", Grammar, Warning, Some("Missing version"), ["NO_VERSION"],
        "reference_policies_elements_version",
        "The document has no Version and is read as 2008-10-17, without policy variables; IAM refuses it in a new managed policy.",
        "Write \"Version\": \"2012-10-17\".";
    OldVersion = "old-version", Grammar, Warning, None, ["OLD_VERSION"], "reference_policies_elements_version",
        "A policy of IAM or Organizations is of version 2008-10-17, which has no policy variables; IAM refuses it in a new managed policy.",
        "Write \"Version\": \"2012-10-17\" after checking that no value holds `${`.";
    InvalidEffect = "invalid-effect", Grammar, Error, Some("Invalid effect"), ["MALFORMED"],
        "reference_policies_elements_effect", "Effect is neither `Allow` nor `Deny`, in this case of letters.",
        "Write `Allow` or `Deny`.";
    MissingEffect = "missing-effect", Grammar, Error, Some("Missing effect"), ["MALFORMED"],
        "reference_policies_elements_effect", "A statement has no Effect.", "Add \"Effect\": \"Allow\" or \"Deny\".";
    MissingAction = "missing-action", Grammar, Error, Some("Missing action"), ["MALFORMED"],
        "reference_policies_elements_action", "A statement has neither Action nor NotAction.", "Say which actions it is about.";
    MissingResource = "missing-resource", Grammar, Error, Some("Missing resource"), ["MALFORMED"],
        "reference_policies_elements_resource", "A statement has neither Resource nor NotResource.",
        "Say what it is about, \"*\" for everything.";
    MissingPrincipal = "missing-principal", Grammar, Error, Some("Missing principal"), ["MALFORMED"],
        "reference_policies_elements_principal", "A statement of a policy on a resource has neither Principal nor NotPrincipal.",
        "Say whom it is about.";
    MissingStatement = "missing-statement", Grammar, Error, Some("Missing statement"), ["MALFORMED"],
        "reference_policies_elements_statement", "The document has no statement.", "Write one, or delete the policy.";
    UnsupportedElementCombination = "unsupported-element-combination", Grammar, Error,
        Some("Unsupported element combination"), ["MALFORMED"], "reference_policies_grammar",
        "An element stands beside its own negation.", "Keep one of the two.";
    UnsupportedId = "unsupported-id", Grammar, Suggestion, None, [], "reference_policies_elements_id",
        "An identity policy has an Id, which means nothing there.", "Remove it.";
    UnsupportedPrincipal = "unsupported-principal", Grammar, Error, Some("Unsupported principal"), ["MALFORMED"],
        "reference_policies_elements_principal", "A policy about its owner has a Principal or NotPrincipal.",
        "Remove it: the policy is about whom it is attached to.";
    UnsupportedSid = "unsupported-sid", Grammar, Error, Some("Unsupported Sid"), ["INVALID_SID"],
        "reference_policies_elements_sid", "A Sid has characters other than letters and digits.", "Use A-Z, a-z and 0-9.";
    UniqueSidsRequired = "unique-sids-required", Grammar, Error, Some("Unique Sids required"), ["DUPLICATE_SID"],
        "reference_policies_elements_sid", "Two statements of an identity policy have the same Sid.",
        "Give each statement its own.";
    UniqueSidsRecommended = "unique-sids-recommended", Grammar, Warning, Some("Unique Sids recommended"), ["DUPLICATE_SID"],
        "reference_policies_elements_sid", "Two statements of a policy have the same Sid.", "Give each statement its own.";
    EmptySid = "empty-sid", Grammar, Suggestion, Some("Empty Sid value"), [], "reference_policies_elements_sid",
        "A Sid is empty.", "Say what the statement is for, or remove the element.";
    EmptyArrayAction = "empty-array-action", Grammar, Error, Some("Empty array action"), ["MALFORMED"],
        "reference_policies_elements_action", "The list of actions is empty; IAM refuses that when the policy is saved.",
        "Name an action, or delete the statement.";
    EmptyArrayResource = "empty-array-resource", Grammar, Error, Some("Empty array resource"), ["MALFORMED"],
        "reference_policies_elements_resource", "The list of resources is empty; IAM refuses that when the policy is saved.",
        "Name a resource, or delete the statement.";
    EmptyArrayPrincipal = "empty-array-principal", Grammar, Suggestion, Some("Empty array principal"), [],
        "reference_policies_elements_principal", "A list of principals is empty, so the statement is about nobody of that kind.",
        "Name a principal, or remove the list.";
    EmptyObjectPrincipal = "empty-object-principal", Grammar, Suggestion, Some("Empty object principal"), [],
        "reference_policies_elements_principal", "The object of principals is empty, so the statement is about nobody.",
        "Name a principal.";
    EmptyArrayCondition = "empty-array-condition", Grammar, Warning, Some("Empty array condition"), [],
        "reference_policies_elements_condition", "A condition has no value to compare with.", "Give a value, or remove the condition.";
    EmptyArrayConditionForAllValues = "empty-array-condition-forallvalues", Grammar, Warning,
        Some("Empty array condition ForAllValues"), [], "reference_policies_multi-value-conditions",
        "A ForAllValues condition has no value: it holds only for requests without the key.", "Write `Null` if that is meant.";
    EmptyArrayConditionForAnyValue = "empty-array-condition-foranyvalue", Grammar, Warning,
        Some("Empty array condition ForAnyValue"), [], "reference_policies_multi-value-conditions",
        "A ForAnyValue condition has no value: it never holds.", "Give a value, or remove the condition.";
    EmptyArrayConditionIfExists = "empty-array-condition-ifexists", Grammar, Warning,
        Some("Empty array condition IfExists"), [], "reference_policies_elements_condition_operators",
        "An IfExists condition has no value: it holds only for requests without the key.", "Write `Null` if that is meant.";
    EmptyObjectCondition = "empty-object-condition", Grammar, Suggestion, Some("Empty object condition"), [],
        "reference_policies_elements_condition", "The Condition, or one of its operators, is empty and limits nothing.",
        "Add a condition, or remove the element.";

    // Actions and services
    ActionFormat = "action-format", Action, Error, Some("Invalid action"), ["MALFORMED"], "reference_policies_elements_action",
        "An action is not written `service:Action`.", "Write `service:Action`.";
    InvalidAction = "invalid-action", Action, Warning, Some("Invalid action"), ["UNKNOWN_ACTION"],
        "reference_policies_elements_action",
        "The service reference has no such action; it may be newer than the data, which is why this is no error.",
        "Correct the name, or refresh the service reference.";
    InvalidServiceInAction = "invalid-service-in-action", Action, Warning, Some("Invalid service in action"), ["UNKNOWN_PREFIX"],
        "reference_policies_elements_action",
        "The service reference has no such service; it may be newer than the data, which is why this is no error.",
        "Correct the prefix, or refresh the service reference.";
    WildcardInServiceName = "wildcard-in-service-name", Action, Warning, Some("Wildcard in service name"), [],
        "reference_policies_elements_action", "The service of an action holds a wildcard; AWS does not say what that means.",
        "Write one action for each service.";
    UnsupportedActionInPolicy = "unsupported-action-in-policy", Action, Error, Some("Unsupported action in policy"), [],
        "reference_policies_elements_action", "This kind of policy has no effect on the action.", "Remove the action.";
    UnsupportedActionForConditionKey = "unsupported-action-for-condition-key", Action, Warning,
        Some("Unsupported action for condition key"), ["UNKNOWN_CONDITION_FOR_ACTION"], "reference_policies_condition-keys",
        "No request of an action has the condition key, so the statement says nothing of that action.",
        "Put the action in a statement of its own, without this condition.";
    MissingActionForConditionKey = "missing-action-for-condition-key", Action, Warning,
        Some("Missing action for condition key"), ["UNKNOWN_CONDITION_FOR_ACTION"], "reference_policies_condition-keys",
        "No action of the statement has the condition key, so the condition never holds.",
        "Add the action the key belongs to, or remove the condition.";

    // ARNs and resources
    InvalidArnPrefix = "invalid-arn-prefix", Arn, Error, Some("Invalid ARN prefix"), ["INVALID_ARN"], "reference-arns",
        "A resource is neither an ARN nor `*`.", "Write the whole ARN, from `arn:` on.";
    MissingArnField = "missing-arn-field", Arn, Error, Some("Missing ARN field"), ["INVALID_ARN"], "reference-arns",
        "An ARN has fewer than six parts.", "Write arn:partition:service:region:account:resource.";
    InvalidPartition = "invalid-partition", Arn, Error, Some("Invalid partition"), ["INVALID_ARN"], "reference-arns",
        "The partition of an ARN is none of AWS's.", "Write `aws`, `aws-cn`, `aws-us-gov` …";
    InvalidArnServiceCase = "invalid-arn-service-case", Arn, Error, Some("Invalid ARN service case"), ["INVALID_ARN"],
        "reference-arns", "The service of an ARN is not in lower case, and ARNs are compared exactly.", "Write it in lower case.";
    InvalidService = "invalid-service", Arn, Warning, Some("Invalid service"), ["INVALID_ARN"], "reference-arns",
        "The service reference has no ARN of such a service; it may be newer than the data.",
        "Correct the service, or refresh the service reference.";
    InvalidArnAccount = "invalid-arn-account", Arn, Error, Some("Invalid ARN account"), ["INVALID_ARN"], "reference-arns",
        "The account of an ARN is not 12 digits.", "Write the account id with its leading zeroes.";
    ArnAccountNotAllowed = "arn-account-not-allowed", Arn, Error, Some("ARN account not allowed"), ["INVALID_ARN"], "reference-arns",
        "ARNs of this kind of resource have no account, so this one matches nothing.", "Leave the account empty.";
    ArnRegionNotAllowed = "arn-region-not-allowed", Arn, Error, Some("ARN Region not allowed"), ["INVALID_ARN"], "reference-arns",
        "ARNs of this kind of resource have no Region, so this one matches nothing.", "Leave the Region empty.";
    InvalidRegion = "invalid-region", Arn, Error, Some("Invalid Region"), ["INVALID_ARN"], "reference-arns",
        "The Region of an ARN is not shaped like one.", "Write a Region such as `ap-northeast-1`.";
    MissingArnRegion = "missing-arn-region", Arn, Error, Some("Missing ARN Region"), ["INVALID_ARN"], "reference-arns",
        "ARNs of this kind of resource have a Region, which this one leaves empty, so it matches nothing.",
        "Write it, or `*`.";
    MissingArnAccount = "missing-arn-account", Arn, Warning, Some("Missing ARN account"), ["INVALID_ARN"], "reference-arns",
        "ARNs of this kind of resource have an account, which this one leaves empty; unless the resource is AWS's own, it matches nothing.",
        "Write the account, or `*`.";
    InvalidArnResource = "invalid-arn-resource", Arn, Warning, Some("Invalid ARN resource"), ["INVALID_ARN"], "reference-arns",
        "No kind of resource of the service has such an ARN; it may be newer than the data.",
        "Compare it with the service's resource types.";
    UnsupportedResourceArnInPolicy = "unsupported-resource-arn-in-policy", Arn, Error,
        Some("Unsupported resource ARN in policy"), [], "reference_policies_elements_resource",
        "This kind of policy does not take such a resource.", "Write the whole ARN, or `*`.";
    InvalidVpcFormat = "invalid-vpc-format", Arn, Error, Some("Invalid vpc format"), [], "reference_policies_condition-keys",
        "A value of aws:SourceVpc is not the id of a VPC.", "Write `vpc-` and its 8 or 17 hexadecimal digits.";
    InvalidVpceFormat = "invalid-vpce-format", Arn, Error, Some("Invalid vpce format"), [], "reference_policies_condition-keys",
        "A value of aws:SourceVpce is not the id of a VPC endpoint.", "Write `vpce-` and its 8 or 17 hexadecimal digits.";
    MissingRequiredResource = "missing-required-resource", Arn, Warning, None, [], "EC2: ExamplePolicies_EC2",
        "An action of EC2 needs resources of several kinds at once, and no statement allows it on one of them.",
        "Allow the action on every kind that a call names, in one statement or several.";
    WildcardInResourceKind = "wildcard-in-resource-kind", Arn, Warning, None, [], "reference-arns",
        "A wildcard stands inside the word that says which kind of resource is meant, so every resource of the kind is.",
        "Write the kind out, and narrow the name: `user/app-*`.";
    ResourceMismatch = "resource-mismatch", Arn, Warning, None, ["RESOURCE_MISMATCH"], "reference_policies_elements_resource",
        "An action works on no resource that the statement names, so the statement says nothing of it.",
        "Name a resource of the kind the action works on; `*` for actions without resource types.";
    ResourceStar = "resource-star", Arn, Suggestion, None, ["RESOURCE_STAR"], "reference_policies_elements_resource",
        "An action that changes things is allowed on every resource, and it could be limited to some.", "Name the resources.";
    ResourceEffectivelyStar = "resource-effectively-star", Arn, Suggestion, None, ["RESOURCE_EFFECTIVELY_STAR"],
        "reference_policies_elements_resource", "A pattern matches every ARN, and yet is not `*`: actions without resource types are not meant.",
        "Write `*`, or name the resources.";

    // Principals
    InvalidPrincipalFormat = "invalid-principal-format", Principal, Error, Some("Invalid principal format"), ["UNKNOWN_PRINCIPAL"],
        "reference_policies_elements_principal", "A principal is not written as its kind wants it.",
        "Write an ARN, an account id, a service principal, or `*`.";
    InvalidPrincipalKey = "invalid-principal-key", Principal, Error, Some("Invalid principal key"), ["UNKNOWN_PRINCIPAL"],
        "reference_policies_elements_principal", "A kind of principal is none of the language's.",
        "Use AWS, Service, Federated or CanonicalUser.";
    UnsupportedWildcardInPrincipal = "unsupported-wildcard-in-principal", Principal, Error,
        Some("Unsupported wildcard in principal"), ["UNKNOWN_PRINCIPAL"], "reference_policies_elements_principal",
        "A principal has a wildcard inside, which matches nobody.",
        "Name each principal, or use `*` with a condition on aws:PrincipalArn.";
    UnknownServicePrincipal = "unknown-service-principal", Principal, Warning, None, ["UNKNOWN_PRINCIPAL"],
        "reference_policies_elements_principal",
        "A service principal is not in the data, and one that is differs by a slip of the hand.",
        "Write the service principal from the service's page.";
    InvalidServicePrincipalFormat = "invalid-service-principal-format", Principal, Error,
        Some("Invalid service principal format"), ["UNKNOWN_PRINCIPAL"], "reference_policies_elements_principal",
        "A service principal is not written `service.amazonaws.com`.", "Write the service principal from the service's page.";
    FederatedPrincipalNotSupported = "federated-principal-not-supported", Principal, Error,
        Some("Federated principal not supported"), [], "reference_policies_elements_principal",
        "A policy on a resource other than a role names an identity provider.",
        "Name the role that its users assume, or use a condition on aws:FederatedProvider.";
    InvalidRoleReference = "invalid-role-reference", Principal, Warning, Some("Invalid role reference"), [],
        "reference_policies_elements_principal",
        "A principal is the unique id of a role: AWS writes that where the role has been deleted, and it matches no role made again.",
        "Write the role's ARN, or remove the entry.";
    InvalidUserReference = "invalid-user-reference", Principal, Warning, Some("Invalid user reference"), [],
        "reference_policies_elements_principal",
        "A principal is the unique id of a user: AWS writes that where the user has been deleted, and it matches no user made again.",
        "Write the user's ARN, or remove the entry.";
    DenyWithNotPrincipal = "deny-with-not-principal", Principal, Warning, None, [], "reference_policies_elements_notprincipal",
        "A Deny with NotPrincipal also denies the sessions of the roles it lists, and roles with a permissions boundary.",
        "Deny `\"Principal\": \"*\"` under `ArnNotEquals` on aws:PrincipalArn.";
    RestrictAccessToServicePrincipal = "restrict-access-to-service-principal", Principal, Security,
        Some("Restrict access to service principal"), [], "confused-deputy",
        "An AWS service may use the resource on behalf of anybody's account (confused deputy).",
        "Add a condition on aws:SourceArn, aws:SourceAccount, aws:SourceOrgID or aws:SourceOrgPaths.";
    RecommendedConditionKeyForServicePrincipal = "recommended-condition-key-for-service-principal", Principal, Suggestion,
        Some("Recommended condition key for service principal"), [], "confused-deputy",
        "A service is limited by a key other than those of the source it acts for.",
        "Use aws:SourceArn, aws:SourceAccount, aws:SourceOrgID or aws:SourceOrgPaths.";
    UnsupportedConditionKeyForServicePrincipal = "unsupported-condition-key-for-service-principal", Principal, Error,
        Some("Unsupported condition key for service principal"), [], "reference_policies_condition-keys",
        "A statement about a service principal asks for a key that its requests do not have.",
        "Use aws:SourceArn, aws:SourceAccount or aws:SourceOrgID for services, in a statement of their own.";
    PublicAccess = "public-access", Principal, Security, None, [], "reference_policies_elements_principal",
        "Anybody, in any account or in none, is allowed to use the resource.",
        "Name the principals, or limit them by aws:PrincipalOrgID, aws:PrincipalArn, aws:SourceVpce …";
    ResourcePolicyEscalation = "resource-policy-escalation", Principal, Security, None, ["RESOURCE_POLICY_PRIVILEGE_ESCALATION"],
        "access_policies_identity-vs-resource",
        "A principal other than an account may replace the policy of the resource, and so grant itself the rest.",
        "Leave the change of the policy to identities of the owning account.";
    RedundantPrincipal = "redundant-principal", Principal, Suggestion, Some("Redundant principal in role trust policy"), [],
        "reference_policies_elements_principal", "A principal is already named by another entry.", "Remove it.";

    // Conditions
    InvalidConditionOperator = "invalid-condition-operator", Condition, Error, Some("Invalid condition operator"),
        ["UNKNOWN_OPERATOR"], "reference_policies_elements_condition_operators", "A condition operator does not exist.",
        "Use one of the list of condition operators.";
    InvalidConditionKeyFormat = "invalid-condition-key-format", Condition, Error, Some("Invalid condition key format"), [],
        "reference_policies_elements_condition", "A condition key is not written `service:key`; no request has it.",
        "Write the key with its prefix.";
    InvalidConditionDataType = "invalid-condition-data-type", Condition, Warning, Some("Invalid condition data type"), [],
        "reference_policies_elements_condition", "The values of a condition are of different JSON types.",
        "Write them all in one type, best as strings.";
    InvalidConditionMultipleBoolean = "invalid-condition-multiple-boolean", Condition, Error,
        Some("Invalid condition multiple Boolean"), [], "reference_policies_elements_condition_operators",
        "A Bool or Null condition has several values.", "Give one value.";
    ServicePrincipalValue = "service-principal-value", Condition, Warning, None, [], "reference_policies_iam-condition-keys",
        "A condition compares a key of service principals with something that is none.",
        "Write the service principal: `lambda.amazonaws.com`.";
    ConditionKeyOfOtherResource = "condition-key-of-other-resource", Condition, Warning, None, [], "EC2: ExamplePolicies_EC2",
        "An action of EC2 is decided on several resources, and only some have the condition key, so the statement allows nothing.",
        "Put the condition into a statement for the kind that has the key, and allow the other kinds beside it.";
    InvalidGlobalConditionKey = "invalid-global-condition-key", Condition, Warning, Some("Invalid global condition key"), [],
        "reference_policies_condition-keys", "The data has no such global condition key; it may be newer.",
        "Correct the key.";
    UnsupportedGlobalConditionKey = "unsupported-global-condition-key", Condition, Error,
        Some("Unsupported global condition key"), [], "reference_policies_condition-keys", "AWS no longer supports the key.",
        "Use aws:PrincipalArn.";
    InvalidServiceConditionKey = "invalid-service-condition-key", Condition, Warning, Some("Invalid service condition key"), [],
        "reference_policies_elements_condition", "The service has no such condition key; it may be newer than the data.",
        "Correct the key, or refresh the service reference.";
    MissingTagKey = "missing-tag-key", Condition, Error, Some("Missing tag key in condition"), [],
        "reference_policies_condition-keys", "A condition key of tags does not say which tag.", "Write `aws:RequestTag/team`.";
    MissingQualifier = "missing-qualifier", Condition, Error, Some("Missing qualifier"), [],
        "reference_policies_multi-value-conditions", "A multivalued key is compared without ForAllValues or ForAnyValue, and never matches.",
        "Write `ForAnyValue:` or `ForAllValues:` before the operator.";
    ForAnyValueWithSingleValuedKey = "foranyvalue-with-single-valued-key", Condition, Suggestion, None, [],
        "reference_policies_multi-value-conditions", "ForAnyValue stands before a key that has one value.", "Remove the qualifier.";
    NullWithIfExists = "null-with-if-exists", Condition, Error, Some("Null with if exists"), ["UNKNOWN_OPERATOR"],
        "reference_policies_elements_condition_operators", "IfExists cannot be added to Null.", "Remove `IfExists`.";
    NullWithQualifier = "null-with-qualifier", Condition, Warning, Some("Null with qualifier"), [],
        "reference_policies_elements_condition_operators", "A qualifier stands before Null, which asks for the key as a whole.",
        "Remove the qualifier.";
    WildcardWithoutLike = "wildcard-without-like", Condition, Warning, Some("Wildcard without like operator"), [],
        "reference_policies_elements_condition_operators", "A wildcard stands in a value that is compared letter by letter.",
        "Use StringLike or StringNotLike, or write `${*}` if the character is meant.";
    InvalidDateValue = "invalid-date-value", Condition, Error, Some("Type mismatch date"), ["MISMATCHED_TYPE"],
        "reference_policies_elements_condition_operators", "A value of a date condition is no date.",
        "Write `2026-01-01T00:00:00Z`, or seconds since 1970.";
    TypeMismatch = "type-mismatch", Condition, Warning, Some("Type mismatch"), ["MISMATCHED_TYPE"],
        "reference_policies_elements_condition_operators", "The operator is not one for the type of the key.",
        "Use an operator of the key's type.";
    TypeMismatchUsable = "type-mismatch-usable", Condition, Suggestion, None, ["MISMATCHED_TYPE_BUT_USABLE"],
        "reference_policies_elements_condition_operators", "The operator works on the key, but another is made for its type.",
        "Use the operator of the key's type; for ARNs the wildcards of ArnLike do not cross colons.";
    TypeMismatchBoolean = "type-mismatch-boolean", Condition, Warning, Some("Type mismatch Boolean"),
        ["MISMATCHED_TYPE_OPERATION_TO_NULL"], "reference_policies_elements_condition_operators",
        "A value of a Bool or Null condition is neither true nor false.", "Write `true` or `false`.";
    TypeMismatchNumber = "type-mismatch-number", Condition, Warning, Some("Type mismatch number"), ["MISMATCHED_TYPE"],
        "reference_policies_elements_condition_operators", "A value of a numeric condition is no number.",
        "Write an integer or a decimal; wildcards and variables do not work there.";
    TypeMismatchIpRange = "type-mismatch-ip-range", Condition, Error, Some("Type mismatch IP range"), ["MISMATCHED_TYPE"],
        "reference_policies_elements_condition_operators", "A value of an address condition is no address and no CIDR range.",
        "Write `203.0.113.0/24` or `2001:db8::/32`.";
    TypeMismatchString = "type-mismatch-string", Condition, Warning, Some("Type mismatch string"), ["MISMATCHED_TYPE"],
        "reference_policies_elements_condition_operators", "A value of BinaryEquals is not base64.", "Encode the bytes in base64.";
    PrivateIpAddress = "private-ip-address", Condition, Error, Some("Private IP address"), [], "reference_policies_condition-keys",
        "aws:SourceIp is compared with private addresses only; requests come to AWS from public ones, so it never matches.",
        "Name public ranges, or use aws:VpcSourceIp with aws:SourceVpc.";
    PrivateNotIpAddress = "private-not-ip-address", Condition, Error, Some("Private NotIpAddress"), [],
        "reference_policies_condition-keys",
        "aws:SourceIp is compared with private addresses only; requests come to AWS from public ones, so NotIpAddress always matches.",
        "Name public ranges, or use aws:VpcSourceIp with aws:SourceVpc.";
    PrivateIpAddressSubset = "private-ip-address-subset", Condition, Warning, Some("Private IP address subset"), [],
        "reference_policies_condition-keys", "Some ranges for aws:SourceIp are private and never match.", "Remove the private ranges.";
    PrivateNotIpAddressSubset = "private-not-ip-address-subset", Condition, Warning, Some("Private NotIpAddress subset"), [],
        "reference_policies_condition-keys", "Some ranges for aws:SourceIp are private and exclude nobody.", "Remove the private ranges.";
    ImproveIpRange = "improve-ip-range", Condition, Suggestion, Some("Improve IP range"), [],
        "reference_policies_elements_condition_operators", "A range has bits set behind its prefix, which are not looked at.",
        "Write the range by its first address.";
    IrrelevantConditionKey = "irrelevant-condition-key", Condition, Suggestion, Some("Irrelevant condition key in policy"), [],
        "reference_policies_condition-keys", "The key tells nothing in this kind of policy.", "Remove the condition, or use the key that was meant.";
    InvalidKmsKeyValue = "invalid-kms-key-value", Condition, Error, Some("Invalid kms key value"), [],
        "S3: UsingKMSEncryption", "A value that must be the ARN of a KMS key is none.",
        "Write arn:aws:kms:region:account:key/id.";
    UntrustworthyConditionKey = "untrustworthy-condition-key", Condition, Security, Some("Untrustworthy condition key"), [],
        "reference_policies_condition-keys", "An Allow relies on a key that the caller makes up as he likes.",
        "Use a key that AWS sets: of the principal, the network, the organization.";
    StringLikeWithArnKey = "string-like-with-arn-key", Condition, Security, Some("String like operator with ARN condition keys"), [],
        "reference_policies_elements_condition_operators",
        "A wildcard of StringLike crosses the colons of an ARN and so also matches other accounts and services.", "Use ArnLike.";
    RedundantKeyDueToWildcard = "redundant-key-due-to-wildcard", Condition, Suggestion,
        Some("Redundant key due to wildcard in condition"), [], "reference_policies_elements_condition",
        "A condition holds for every request, because its value is `*`.", "Remove it.";
    RedundantStatementDueToWildcard = "redundant-statement-due-to-wildcard", Condition, Warning,
        Some("Redundant statement due to wildcard in condition"), [], "reference_policies_elements_condition",
        "A condition holds for no request, because `*` is excluded, so the statement never applies.", "Remove it, or correct the condition.";
    ContradictoryConditions = "contradictory-conditions", Condition, Warning, None, [], "reference_policies_elements_condition",
        "No request can meet the conditions on one key, so the statement never applies.", "Correct the conditions.";
    IfExistsWithNegated = "if-exists-with-negated", Condition, Off, None, [],
        "reference_policies_elements_condition_operators",
        "IfExists is added to a negated operator, which holds for an absent key anyway; AWS writes it so in its own examples.", "Remove `IfExists`.";

    // Conditions that let through what they seem to stop
    ForAllValuesWithSingleValuedKey = "forallvalues-with-single-valued-key", FailOpen, Security,
        Some("ForAllValues with single valued key"), [], "reference_policies_multi-value-conditions",
        "ForAllValues stands before a key that has one value: the condition also holds when the request does not have the key.",
        "Remove the qualifier.";
    ForAllValuesWithoutNull = "forallvalues-without-null", FailOpen, Warning, None, [],
        "reference_policies_multi-value-conditions", "ForAllValues in an Allow also holds when the request does not have the key.",
        "Add `\"Null\": {\"key\": \"false\"}`.";
    MfaBoolIfExists = "mfa-bool-if-exists", FailOpen, Security, None, ["BAD_PATTERN_FOR_MFA"],
        "id_credentials_mfa_configure-api-require",
        "An Allow that asks for MFA with IfExists is met by long-term access keys, whose requests do not have the key.",
        "Use `Bool` without `IfExists`.";
    MfaDenyWithoutIfExists = "mfa-deny-without-if-exists", FailOpen, Security, None, ["BAD_PATTERN_FOR_MFA"],
        "id_credentials_mfa_configure-api-require",
        "A Deny without MFA does not stop long-term access keys, whose requests do not have the key.",
        "Use `BoolIfExists`.";
    NegatedOperatorInAllow = "negated-operator-in-allow", FailOpen, Warning, None, [],
        "reference_policies_elements_condition_operators",
        "A negated operator in an Allow also holds when the request does not have the key.",
        "Add `\"Null\": {\"key\": \"false\"}`, or list what is allowed.";
    DenyWithoutIfExists = "deny-catches-service-calls", FailOpen, Warning, None, [], "reference_policies_condition-keys",
        "A Deny for other networks also hits what AWS services do with the caller's credentials.",
        "Add `\"Bool\": {\"aws:ViaAWSService\": \"false\"}`.";
    MissingPairedConditionKeys = "missing-paired-condition-keys", FailOpen, Security, Some("Missing paired condition keys"), [],
        "reference_policies_condition-keys",
        "An address inside a VPC is asked for without the VPC: anybody can have that address in a VPC of his own.",
        "Add a condition on aws:SourceVpc, aws:SourceVpce or, for instances, aws:Ec2InstanceSourceVpc.";
    DynamodbAttributesWithoutSelect = "dynamodb-attributes-without-select", FailOpen, Security,
        Some("DynamoDB attributes without select"), [], "DynamoDB: specifying-conditions",
        "An Allow limits the attributes that may be named, and a query or scan that names none returns them all.",
        "Add `\"StringEquals\": {\"dynamodb:Select\": \"SPECIFIC_ATTRIBUTES\"}`.";
    S3PrefixInNegativeContext = "s3-prefix-in-negative-context", FailOpen, Security, Some("S3 prefix in negative context"), [],
        "S3: amazon-s3-policy-keys", "Listing is to be stopped by s3:prefix, and a request with a shorter prefix goes by it.",
        "Use StringLike in an Allow, or StringNotLike in a Deny.";
    AllowWithUnsupportedTagKey = "allow-with-unsupported-tag-condition-key-for-service", FailOpen, Suggestion,
        Some("Allow with unsupported tag condition key for service"), [], "access_tags",
        "An Allow asks for a tag in requests of a service that does not put tags there, so it allows nothing.",
        "Name the resources instead.";
    AllowNotActionWithUnsupportedTagKey = "allow-not-action-with-unsupported-tag-condition-key-for-service", FailOpen, Suggestion,
        Some("Allow NotAction with unsupported tag condition key for service"), [], "access_tags",
        "An Allow with NotAction asks for a tag, which many services do not put in their requests, so it allows less than it says.",
        "List the actions whose resources have tags.";
    DenyWithUnsupportedTagKey = "deny-with-unsupported-tag-condition-key-for-service", FailOpen, Security,
        Some("Deny with unsupported tag condition key for service"), [], "access_tags",
        "A Deny depends on a tag that requests of the service do not have, so it does not deny.",
        "Name the resources instead.";
    DenyNotActionWithUnsupportedTagKey = "deny-not-action-with-unsupported-tag-condition-key-for-service", FailOpen, Security,
        Some("Deny NotAction with unsupported tag condition key for service"), [], "access_tags",
        "A Deny with NotAction depends on a tag that requests of many services do not have, so it does not deny there.",
        "List the actions whose resources have tags.";

    // Policy variables
    MissingBraceInVariable = "missing-brace-in-variable", Variable, Error, Some("Missing brace in variable"), [],
        "reference_policies_variables", "A policy variable has no closing brace and is read as text.", "Write `${key}`.";
    MissingQuoteInVariable = "missing-quote-in-variable", Variable, Error, Some("Missing quote in variable"), [],
        "reference_policies_variables", "The default of a policy variable is not in single quotes.", "Write `${key, 'default'}`.";
    UnsupportedSpaceInVariable = "unsupported-space-in-variable", Variable, Error, Some("Unsupported space in variable"), [],
        "reference_policies_variables", "A policy variable has a space in its key.", "Remove the space.";
    EmptyVariable = "empty-variable", Variable, Error, Some("Empty variable"), [], "reference_policies_variables",
        "A policy variable is empty.", "Write the key between the braces.";
    VariableUnsupportedInElement = "variable-unsupported-in-element", Variable, Error, Some("Variable unsupported in element"), [],
        "reference_policies_variables", "A policy variable stands in an element that has none, and is read as text.",
        "Use variables in Resource and in string and ARN conditions only.";
    VariableUnsupportedInVersion = "variable-unsupported-in-version", Variable, Error, Some("Variable unsupported in version"), [],
        "reference_policies_variables", "A policy variable stands in a document of version 2008-10-17, where it is text.",
        "Write \"Version\": \"2012-10-17\".";
    InvalidVariableForOperator = "invalid-variable-for-operator", Variable, Error, Some("Invalid variable for operator"), [],
        "reference_policies_variables", "A policy variable stands in a value of an operator that does not replace it.",
        "Use a string or ARN operator.";
    VariableInArnPrefix = "variable-in-arn-prefix", Variable, Warning, None, [], "reference_policies_variables",
        "A policy variable stands before the fifth colon of an ARN; AWS replaces it only in the resource part.",
        "Write that part out, or use `*`.";
    UnknownVariable = "unknown-variable", Variable, Warning, None, [], "reference_policies_variables",
        "A policy variable names a condition key that does not exist, so it never has a value.", "Correct the key.";
    MultivaluedVariable = "multivalued-variable", Variable, Error, None, [], "reference_policies_variables",
        "A policy variable names a multivalued key, which is not allowed.", "Use a key with one value.";
    VariableWithoutValue = "variable-without-value", Variable, Security, None, [], "reference_policies_variables",
        "When the request does not have the key of a policy variable, the statement lets through what it seems to stop.",
        "Give the variable a default that matches nothing, or ask for the key with Null.";

    // Service control policies and resource control policies
    ScpActionWildcard = "scp-action-wildcard", Guardrail, Off, Some("SCP syntax error action wildcard"), [],
        "Organizations: orgs_manage_policies_scps_syntax",
        "An action has a wildcard elsewhere than at its end; Organizations refused that in 2023 and takes it in 2026.",
        "Put the wildcard at the end, where the old language has to do.";
    ScpAllowCondition = "scp-allow-condition", Guardrail, Off, Some("SCP syntax error allow condition"), [],
        "Organizations: orgs_manage_policies_scps_syntax",
        "An Allow has a condition; Organizations refused that in 2023 and takes it in 2026.", "Use a Deny, where the old language has to do.";
    ScpAllowNotAction = "scp-allow-not-action", Guardrail, Off, Some("SCP syntax error allow NotAction"), [],
        "Organizations: orgs_manage_policies_scps_syntax",
        "An Allow has NotAction; Organizations refused that in 2023 and takes it in 2026.", "Use a Deny, where the old language has to do.";
    ScpAllowResource = "scp-allow-resource", Guardrail, Off, Some("SCP syntax error allow resource"), [],
        "Organizations: orgs_manage_policies_scps_syntax",
        "An Allow names resources; Organizations refused that in 2023 and takes it in 2026.", "Use a Deny, where the old language has to do.";
    ScpNotResource = "scp-not-resource", Guardrail, Off, Some("SCP syntax error NotResource"), [],
        "Organizations: orgs_manage_policies_scps_syntax",
        "A statement has NotResource; Organizations refused that in 2023 and takes it in 2026.", "Use Resource, where the old language has to do.";
    ScpPrincipal = "scp-principal", Guardrail, Error, Some("SCP syntax error principal"), [],
        "Organizations: orgs_manage_policies_scps_syntax", "A service control policy has a Principal or NotPrincipal.",
        "Remove it; use a condition on aws:PrincipalArn.";
    RegionDenyOfGlobalServices = "region-deny-of-global-services", Guardrail, Warning, None, [],
        "Organizations: orgs_manage_policies_scps_examples_general",
        "A Deny of Regions is also about global services, which answer in us-east-1 alone.",
        "Leave them out with `NotAction`, as AWS's example does.";
    RcpEffect = "rcp-effect", Guardrail, Error, Some("RCP syntax error allow"), [], "Organizations: orgs_manage_policies_rcps_syntax",
        "A resource control policy allows; one's own can only deny.", "Write `Deny` and what is forbidden, or leave the statement out: AWS's own `RCPFullAWSAccess` allows the rest.";
    RcpPrincipal = "rcp-principal", Guardrail, Error, Some("RCP syntax error principal"), [], "Organizations: orgs_manage_policies_rcps_syntax",
        "The principal of a resource control policy is not `\"*\"`.", "Write \"Principal\": \"*\" and limit by conditions.";
    RcpNotAction = "rcp-not-action", Guardrail, Error, Some("RCP syntax error NotAction"), [], "Organizations: orgs_manage_policies_rcps_syntax",
        "A resource control policy has NotAction.", "List the actions.";
    RcpActionStar = "rcp-action-star", Guardrail, Error, Some("RCP syntax error action"), [], "Organizations: orgs_manage_policies_rcps_syntax",
        "An action of a resource control policy has no service.", "Write `service:*`.";
    RcpVersion = "rcp-version", Guardrail, Error, None, [], "Organizations: orgs_manage_policies_rcps_syntax",
        "A resource control policy is not of version 2012-10-17.", "Write \"Version\": \"2012-10-17\".";
    RcpDeniesServices = "rcp-denies-aws-services", Guardrail, Warning, Some("RCP missing related principal condition key"), [], "Organizations: orgs_manage_policies_rcps_examples",
        "A resource control policy also denies AWS services acting for the company's own accounts.",
        "Add `\"BoolIfExists\": {\"aws:PrincipalIsAWSService\": \"false\"}`.";
    RcpDeniesOwnPrincipals = "rcp-denies-own-principals", Guardrail, Warning,
        Some("RCP missing related service principal condition key"), [], "Organizations: orgs_manage_policies_rcps_examples",
        "A resource control policy about what AWS services act for also denies the company's own principals.",
        "Add `\"Bool\": {\"aws:PrincipalIsAWSService\": \"true\"}`.";
    RcpMissingNullCheck = "rcp-missing-null-check", Guardrail, Warning, Some("RCP missing service condition key null check"), [],
        "Organizations: orgs_manage_policies_rcps_examples",
        "A resource control policy denies AWS services that do not say for whom they act.",
        "Add `\"Null\": {\"aws:SourceAccount\": \"false\"}`.";

    // Trust policies
    TrustNotPrincipal = "trust-not-principal", Trust, Error, Some("Role trust policy syntax error notprincipal"), [],
        "id_roles_create_for-custom", "A trust policy has NotPrincipal.", "Name who may assume the role.";
    TrustResource = "trust-resource", Trust, Error, Some("Role trust policy syntax error resource"), [],
        "id_roles_create_for-custom", "A trust policy has a resource.", "Remove it: the policy is about its role.";
    TrustAction = "trust-action", Trust, Error, Some("Unsupported action in policy"), [], "id_roles_create_for-custom",
        "A trust policy has an action that is not one of assuming a role.",
        "Use sts:AssumeRole, AssumeRoleWithSAML, AssumeRoleWithWebIdentity, TagSession, SetSourceIdentity or SetContext.";
    TrustWildcardInPrincipal = "trust-unsupported-wildcard-in-principal", Trust, Error,
        Some("Role trust policy unsupported wildcard in principal"), ["UNKNOWN_PRINCIPAL"], "id_roles_create_for-custom",
        "A principal of a trust policy has a wildcard inside.", "Name each principal, or use `*` with a condition on aws:PrincipalArn.";
    TrustPublic = "trust-public", Trust, Security, None, [], "id_roles_create_for-custom",
        "Anybody in any AWS account may assume the role.", "Name the principals, or limit them by aws:PrincipalOrgID or aws:PrincipalArn.";
    InvalidFederatedPrincipalSyntax = "invalid-federated-principal-syntax", Trust, Error,
        Some("Invalid federated principal syntax in role trust policy"), ["UNKNOWN_FEDERATION_SOURCE"],
        "reference_policies_elements_principal", "A federated principal is neither the ARN of a provider nor a provider that AWS knows.",
        "Write the ARN of the SAML or OIDC provider.";
    MismatchedActionForPrincipal = "mismatched-action-for-principal", Trust, Error, Some("Mismatched action for principal"), [],
        "id_roles_create_for-custom", "An action of assuming a role does not fit the kind of principal, so nobody can assume it that way.",
        "AssumeRole is for AWS principals and services, AssumeRoleWithSAML for SAML, AssumeRoleWithWebIdentity for OIDC.";
    MissingActionForRolesAnywhere = "missing-action-for-roles-anywhere", Trust, Error, Some("Missing action for roles anywhere trust policy"), [],
        "Roles Anywhere: trust-model", "IAM Roles Anywhere needs sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity.",
        "Allow all three.";
    MissingConditionKeyForOidc = "missing-condition-key-for-oidc-principal", Trust, Security,
        Some("Missing condition key for oidc principal"), [], "id_roles_create_for-idp_oidc",
        "Any identity of an OIDC provider may assume the role.", "Add conditions on the provider's `:aud` and `:sub`.";
    MissingGithubRepo = "missing-github-repo-condition-key", Trust, Security, Some("Missing github repo condition key"), [],
        "id_roles_create_for-idp_oidc", "A workflow of anybody's GitHub repository may assume the role.",
        "Add a condition on `token.actions.githubusercontent.com:sub` that names your organization.";
    SpecificGithubRepo = "specific-github-repo-and-branch-recommended", Trust, Warning,
        Some("Specific github repo and branch recommended"), [], "id_roles_create_for-idp_oidc",
        "Every repository, or every branch and pull request of one, may assume the role.",
        "Name the repository and the branch or environment: `repo:org/name:ref:refs/heads/main`.";
    ForAnyValueWithAudience = "foranyvalue-with-audience-claim-type", Trust, Security,
        Some("ForAnyValue with audience claim type"), [], "id_roles_create_for-idp_oidc",
        "The audience is compared with ForAnyValue, though a token mostly has one audience.", "Remove the qualifier.";
    ConfirmAudienceClaimType = "confirm-audience-claim-type", Trust, Suggestion, Some("Confirm audience claim type"), [],
        "id_roles_create_for-idp_oidc", "The audience is compared with ForAllValues, which also holds for a token without one.",
        "Use a set operator only when the provider's `aud` is a list.";

    // Grants wider than they look
    AllowWithNotPrincipal = "allow-with-not-principal", OverGrant, Security, Some("Allow with NotPrincipal"), [],
        "reference_policies_elements_notprincipal", "An Allow with NotPrincipal is for everybody else in the world, anonymous callers too.",
        "Name the principals.";
    FullAccess = "full-access", OverGrant, Security, None, [], "best-practices",
        "An Allow of an identity policy is for every action on every resource.", "Name the actions and resources.";
    FullAccessButFew = "full-access-but-few", OverGrant, Security, None, [], "reference_policies_elements_notaction",
        "An Allow with NotAction leaves the permission to write policies, and with it everything.",
        "Name the actions, or keep IAM out with `iam:*` in NotAction.";
    AllowWithNotAction = "allow-with-not-action", OverGrant, Warning, None, [], "reference_policies_elements_notaction",
        "An Allow with NotAction is for every action but a few on every resource, and for those that AWS will add.", "Name the actions.";
    PassRoleNotResource = "pass-role-with-not-resource", OverGrant, Security, Some("Pass role with NotResource"), [],
        "id_roles_use_passrole", "iam:PassRole is allowed on every role that NotResource does not name.", "Name the roles in Resource.";
    PassRoleStarActionNotResource = "pass-role-with-star-in-action-and-not-resource", OverGrant, Security,
        Some("Pass role with star in action and NotResource"), [], "id_roles_use_passrole",
        "A wildcard in Action allows iam:PassRole on every role that NotResource does not name.", "Name the actions, and the roles in Resource.";
    PassRoleNotActionNotResource = "pass-role-with-not-action-and-not-resource", OverGrant, Security,
        Some("Pass role with NotAction and NotResource"), [], "id_roles_use_passrole",
        "NotAction allows iam:PassRole on every role that NotResource does not name.", "Add iam:PassRole to NotAction, or name the actions.";
    PassRoleStarResource = "pass-role-with-star-in-resource", OverGrant, Security, Some("Pass role with star in resource"), [],
        "id_roles_use_passrole", "iam:PassRole is allowed on any role, for any service.", "Name the roles, and ask for iam:PassedToService.";
    PassRoleStarActionStarResource = "pass-role-with-star-in-action-and-resource", OverGrant, Security,
        Some("Pass role with star in action and resource"), [], "id_roles_use_passrole",
        "A wildcard in Action allows iam:PassRole on any role, for any service.", "Name the actions, and the roles.";
    PassRoleStarResourceNotAction = "pass-role-with-star-in-resource-and-not-action", OverGrant, Security,
        Some("Pass role with star in resource and NotAction"), [], "id_roles_use_passrole",
        "NotAction allows iam:PassRole on any role, for any service.", "Add iam:PassRole to NotAction, or name the actions.";
    CreateSlrNotResource = "create-slr-with-not-resource", OverGrant, Warning, Some("Create SLR with NotResource"), [],
        "using-service-linked-roles", "iam:CreateServiceLinkedRole is allowed for every service that NotResource does not name.",
        "Name the roles in Resource.";
    CreateSlrStarActionNotResource = "create-slr-with-star-in-action-and-not-resource", OverGrant, Warning,
        Some("Create SLR with star in action and NotResource"), [], "using-service-linked-roles",
        "A wildcard in Action allows iam:CreateServiceLinkedRole for every service that NotResource does not name.",
        "Name the actions, and the roles in Resource.";
    CreateSlrNotActionNotResource = "create-slr-with-not-action-and-not-resource", OverGrant, Warning,
        Some("Create SLR with NotAction and NotResource"), [], "using-service-linked-roles",
        "NotAction allows iam:CreateServiceLinkedRole for every service that NotResource does not name.",
        "Add iam:CreateServiceLinkedRole to NotAction, or name the actions.";
    CreateSlrStarResource = "create-slr-with-star-in-resource", OverGrant, Warning, Some("Create SLR with star in resource"), [],
        "using-service-linked-roles", "iam:CreateServiceLinkedRole is allowed for any service.", "Ask for iam:AWSServiceName.";
    CreateSlrStarActionStarResource = "create-slr-with-star-in-action-and-resource", OverGrant, Warning,
        Some("Create SLR with star in action and resource"), [], "using-service-linked-roles",
        "A wildcard in Action allows iam:CreateServiceLinkedRole for any service.", "Name the actions, and ask for iam:AWSServiceName.";
    CreateSlrStarResourceNotAction = "create-slr-with-star-in-resource-and-not-action", OverGrant, Warning,
        Some("Create SLR with star in resource and NotAction"), [], "using-service-linked-roles",
        "NotAction allows iam:CreateServiceLinkedRole for any service.", "Add iam:CreateServiceLinkedRole to NotAction, or name the actions.";

    // What can go without changing a decision, and sizes
    RedundantAction = "redundant-action", Redundancy, Suggestion, Some("Redundant action"), [],
        "reference_policies_elements_action", "An action is already named by another entry of the list.", "Remove it.";
    RedundantResource = "redundant-resource", Redundancy, Suggestion, Some("Redundant resource"), [],
        "reference_policies_elements_resource", "A resource is already named by another entry of the list.", "Remove it.";
    RedundantStatement = "redundant-statement", Redundancy, Suggestion, Some("Redundant statement"), [],
        "reference_policies_elements_statement", "A statement lies wholly inside another of the same effect.", "Remove it.";
    RedundantConditionValue = "redundant-condition-value", Redundancy, Suggestion, Some("Redundant condition value num"), [],
        "reference_policies_elements_condition", "A value of a condition is already covered by another.", "Remove it.";
    AllowNeverWorks = "allow-always-denied", Redundancy, Warning, None, [], "reference_policies_evaluation-logic",
        "An Allow lies wholly inside a Deny of the same policy, so it allows nothing.", "Remove it, or narrow the Deny.";
    IdentitySize = "identity-policy-size", Redundancy, Warning, Some("Policy size exceeds identity policy quota"), [],
        "reference_iam-quotas",
        "The policy is larger than a customer managed policy may be (6,144 characters without white space); it fits only a group (5,120 in all) or role (10,240 in all) inline, if at all.",
        "Split it over several managed policies.";
    SessionSize = "session-policy-size", Redundancy, Error, None, [], "reference_iam-quotas",
        "The session policy is larger than 2,048 characters.", "Shorten it, or pass managed policies by their ARN.";
    TrustSize = "trust-policy-size", Redundancy, Warning, Some("Policy size exceeds role trust policy quota"), [],
        "reference_iam-quotas", "The trust policy is larger than 2,048 characters; up to 4,096 need a raised quota.", "Shorten it.";
    ResourceSize = "resource-policy-size", Redundancy, Warning, Some("Policy size exceeds resource policy quota"), [],
        "S3: bucket-policies", "The policy is larger than a bucket policy may be (20 KB); the limits of other services are lower.", "Shorten it.";
    RcpSize = "rcp-size", Redundancy, Error, Some("Policy size exceeds RCP quota"), [], "Organizations: orgs_reference_limits",
        "The policy is larger than 5,120 characters, the limit of a resource control policy.", "Remove white space, or split it.";
    ScpSize = "scp-size", Redundancy, Error, Some("Policy size exceeds SCP quota"), [],
        "Organizations: orgs_reference_limits", "The policy is larger than 10,240 characters, the limit of a service control policy since 2026-05-15.",
        "Remove white space, or split it.";

    // Waivers
    WaiverExpired = "waiver-expired", Waiver, Warning, None, [], "docs/check.md", "A waiver's last day has passed, and what it waived is back.",
        "Repair the policy, or have the owner renew the waiver.";
    WaiverUnused = "waiver-unused", Waiver, Suggestion, None, [], "docs/check.md", "A waiver waives nothing.", "Remove it.";
}
