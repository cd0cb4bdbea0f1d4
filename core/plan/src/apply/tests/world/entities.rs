//! Users, groups and roles themselves, and what only users have.

use serde_json::{Value, json};

use super::{ACCOUNT, Answer, Aws, Identity, Provider, no_entity, page, text};

fn conflict(what: &str) -> (&'static str, String) {
    ("DeleteConflict", format!("Cannot delete entity, must {what} first."))
}

fn entry_of(input: &Value) -> (&'static str, String) {
    let kind = if input.get("UserName").is_some() {
        "User"
    } else if input.get("GroupName").is_some() {
        "Group"
    } else {
        "Role"
    };
    (kind, format!("{kind} {}", text(input, &format!("{kind}Name"))))
}

/// `AIDAmika00000`
pub(in super::super) fn id(name: &str, number: u32) -> String {
    let (kind, name) = name.split_once(' ').unwrap();
    let begin = match kind {
        "User" => "AIDA",
        "Group" => "AGPA",
        _ => "AROA",
    };
    format!("{begin}{name}{number:05}")
}

impl Aws {
    /// An operation about one of them as a whole; `None`: it is another operation.
    pub(super) fn entity(&mut self, operation: &str, input: &Value) -> Option<Answer> {
        let (kind, name) = entry_of(input);
        match operation {
            "CreateUser" | "CreateGroup" | "CreateRole" => Some(self.create(name, input)),
            "DeleteUser" | "DeleteGroup" | "DeleteRole" => Some(self.delete(kind, &name)),
            "GetGroup" => {
                let held = self.world.identities.get(&name)?;
                let path = held.path.clone();
                let group = text(input, "GroupName");
                let members = self.world.identities.iter().filter(|(_, held)| held.groups.contains(&group));
                let members =
                    members.map(|(name, _)| json!({ "UserName": name.strip_prefix("User ").unwrap() }));
                let mut answer = page(input, members, "Users");
                answer["Group"] = json!({
                    "Path": if path.is_empty() { "/" } else { &path },
                    "GroupId": self.unique_id(&name),
                });
                Some(Ok(answer))
            }
            "ListVirtualMFADevices" => {
                let devices = self.world.virtual_mfa.iter().map(|serial| json!({ "SerialNumber": serial }));
                Some(Ok(page(input, devices, "VirtualMFADevices")))
            }
            "DeleteVirtualMFADevice" => {
                let serial = text(input, "SerialNumber");
                if self.world.identities.values().any(|held| held.mfa.contains(&serial)) {
                    return Some(Err(conflict("deactivate the MFA device")));
                }
                let gone = self.world.virtual_mfa.remove(&serial);
                Some(if gone { Ok(json!({})) } else { Err(no_entity("device")) })
            }
            _ => None,
        }
    }

    /// The unique id of what there is by a kind and name.
    pub(in super::super) fn unique_id(&self, name: &str) -> String {
        self.unique.get(name).cloned().unwrap_or_else(|| id(name, 0))
    }

    /// What there is by a kind and name is another one from now on.
    pub(in super::super) fn another(&mut self, name: &str) {
        self.ids += 1;
        self.unique.insert(name.to_owned(), id(name, self.ids));
    }

    fn create(&mut self, name: String, input: &Value) -> Answer {
        if self.world.identities.contains_key(&name) {
            return Err(("EntityAlreadyExists", format!("{name} already exists.")));
        }
        let path = text(input, "Path");
        let mut made = Identity {
            path: if path == "/" { String::new() } else { path },
            boundary: input["PermissionsBoundary"].as_str().map(str::to_owned),
            trust: input["AssumeRolePolicyDocument"].as_str().map(str::to_owned),
            description: text(input, "Description"),
            longest_session: input["MaxSessionDuration"].as_u64().unwrap_or(0),
            ..Identity::default()
        };
        for tag in input["Tags"].as_array().into_iter().flatten() {
            made.tags.insert(text(tag, "Key"), text(tag, "Value"));
        }
        self.another(&name);
        self.world.identities.insert(name, made);
        Ok(json!({ "Arn": ACCOUNT }))
    }

    fn delete(&mut self, kind: &str, name: &str) -> Answer {
        let held = self.world.identities.get(name).ok_or_else(|| no_entity(name))?;
        let group = name.strip_prefix("Group ").unwrap_or_default().to_owned();
        let has_members =
            kind == "Group" && self.world.identities.values().any(|held| held.groups.contains(&group));
        let is_empty = held.keys.is_empty()
            && held.inline.is_empty()
            && held.attached.is_empty()
            && held.groups.is_empty()
            && held.profiles.is_empty()
            && !held.password
            && [&held.mfa, &held.ssh, &held.certificates, &held.specific].iter().all(|list| list.is_empty());
        if !is_empty || has_members {
            return Err(conflict("take away what it holds"));
        }
        self.world.identities.remove(name);
        Ok(json!({}))
    }
}

impl Aws {
    pub(super) fn provider(&mut self, operation: &str, input: &Value) -> Answer {
        let listed = |list: &str| -> Vec<String> {
            let all = input[list].as_array().into_iter().flatten();
            all.map(|one| one.as_str().unwrap().to_owned()).collect()
        };
        if operation == "CreateOpenIDConnectProvider" {
            let host = text(input, "Url").replace("https://", "");
            let arn = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{host}");
            if self.world.providers.contains_key(&arn) {
                return Err(("EntityAlreadyExists", format!("Provider with url {host} already exists.")));
            }
            let mut made = Provider {
                audiences: listed("ClientIDList"),
                thumbprints: listed("ThumbprintList"),
                ..Provider::default()
            };
            for tag in input["Tags"].as_array().into_iter().flatten() {
                made.tags.insert(text(tag, "Key"), text(tag, "Value"));
            }
            if made.thumbprints.is_empty() {
                made.thumbprints.push("f".repeat(40));
            }
            self.world.providers.insert(arn.clone(), made);
            return Ok(json!({ "OpenIDConnectProviderArn": arn }));
        }
        let arn = text(input, "OpenIDConnectProviderArn");
        let held = self.world.providers.get_mut(&arn).ok_or_else(|| no_entity(&arn))?;
        match operation {
            "GetOpenIDConnectProvider" => {
                let tag = |(key, value): (&String, &String)| json!({ "Key": key, "Value": value });
                let tags: Vec<Value> = held.tags.iter().map(tag).collect();
                return Ok(
                    json!({ "ClientIDList": held.audiences, "ThumbprintList": held.thumbprints, "Tags": tags }),
                );
            }
            "DeleteOpenIDConnectProvider" => drop(self.world.providers.remove(&arn)),
            "AddClientIDToOpenIDConnectProvider" => {
                held.audiences.push(text(input, "ClientID"));
                held.audiences.sort();
                held.audiences.dedup();
            }
            "RemoveClientIDFromOpenIDConnectProvider" => {
                held.audiences.retain(|one| *one != text(input, "ClientID"));
            }
            "UpdateOpenIDConnectProviderThumbprint" => held.thumbprints = listed("ThumbprintList"),
            other => panic!("{other}"),
        }
        Ok(json!({}))
    }
}

impl Aws {
    /// IAM API Reference, `CreateSAMLProvider`, `GetSAMLProvider`, `UpdateSAMLProvider`, `DeleteSAMLProvider`.
    pub(super) fn saml_provider(&mut self, operation: &str, input: &Value) -> Answer {
        if operation == "CreateSAMLProvider" {
            let arn = format!("arn:aws:iam::{ACCOUNT}:saml-provider/{}", text(input, "Name"));
            if self.world.saml.contains_key(&arn) {
                return Err(("EntityAlreadyExists", format!("SAML Provider already exists: {arn}")));
            }
            let tags = input["Tags"].as_array().into_iter().flatten();
            let tags = tags.map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect();
            self.world.saml.insert(arn.clone(), (text(input, "SAMLMetadataDocument"), tags));
            return Ok(json!({ "SAMLProviderArn": arn }));
        }
        let arn = text(input, "SAMLProviderArn");
        let held = self.world.saml.get_mut(&arn).ok_or_else(|| no_entity(&arn))?;
        match operation {
            "GetSAMLProvider" => {
                let tag = |(key, value): (&String, &String)| json!({ "Key": key, "Value": value });
                let tags: Vec<Value> = held.1.iter().map(tag).collect();
                return Ok(
                    json!({ "SAMLMetadataDocument": held.0, "Tags": tags, "CreateDate": "2026-01-01T00:00:00Z" }),
                );
            }
            "DeleteSAMLProvider" => drop(self.world.saml.remove(&arn)),
            "UpdateSAMLProvider" => held.0 = text(input, "SAMLMetadataDocument"),
            other => panic!("{other}"),
        }
        Ok(json!({}))
    }
}

impl Identity {
    /// An operation about what only users and roles have; `None`: it is another operation.
    pub(super) fn held(&mut self, verb: &str, input: &Value) -> Option<Answer> {
        let list = |held: &[String], list: &str, name: &str| {
            Some(Ok(page(input, held.iter().map(|held| json!({ name: held })), list)))
        };
        let take = |held: &mut Vec<String>, name: &str| {
            let (before, gone) = (held.len(), text(input, name));
            held.retain(|held| *held != gone);
            Some(if held.len() == before { Err(no_entity(&gone)) } else { Ok(json!({})) })
        };
        match verb {
            "List*Policies" => {
                let names: Vec<&String> = self.inline.keys().collect();
                Some(Ok(json!({ "PolicyNames": names, "IsTruncated": false })))
            }
            "GetLoginProfile" if self.password => Some(Ok(json!({ "LoginProfile": {} }))),
            "GetLoginProfile" => Some(Err(no_entity("login profile"))),
            "DeleteLoginProfile" if self.password => {
                self.password = false;
                Some(Ok(json!({})))
            }
            "DeleteLoginProfile" => Some(Err(no_entity("login profile"))),
            "ListMFADevices" => list(&self.mfa, "MFADevices", "SerialNumber"),
            "DeactivateMFADevice" => take(&mut self.mfa, "SerialNumber"),
            "ListSSHPublicKeys" => list(&self.ssh, "SSHPublicKeys", "SSHPublicKeyId"),
            "GetSSHPublicKey" => Some(Ok(json!({ "SSHPublicKey": { "SSHPublicKeyBody": "ssh-rsa AAAA" } }))),
            "DeleteSSHPublicKey" => take(&mut self.ssh, "SSHPublicKeyId"),
            "ListSigningCertificates" => list(&self.certificates, "Certificates", "CertificateId"),
            "DeleteSigningCertificate" => take(&mut self.certificates, "CertificateId"),
            "ListServiceSpecificCredentials" => {
                list(&self.specific, "ServiceSpecificCredentials", "ServiceSpecificCredentialId")
            }
            "DeleteServiceSpecificCredential" => take(&mut self.specific, "ServiceSpecificCredentialId"),
            "ListInstanceProfilesFor*" => list(&self.profiles, "InstanceProfiles", "InstanceProfileName"),
            "Add*ToInstanceProfile" => {
                let profile = text(input, "InstanceProfileName");
                if self.profiles.contains(&profile) {
                    let why = "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1".to_owned();
                    return Some(Err(("LimitExceeded", why)));
                }
                self.profiles.push(profile);
                Some(Ok(json!({})))
            }
            "Remove*FromInstanceProfile" => take(&mut self.profiles, "InstanceProfileName"),
            _ => None,
        }
    }
}
