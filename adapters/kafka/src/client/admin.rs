//! Topics and groups: made, deleted, left.

use super::call::UNKNOWN_TOPIC;
use super::cluster::text;
use super::{CallError, Cluster, Isolation};
use crate::wire::{Cursor, Read, outcome};
use exactly_model::Outcome;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::{
    ApiKey, CreateTopicsRequest, DeleteGroupsRequest, DeleteTopicsRequest, GroupId,
    LeaveGroupRequest, TopicName,
};

/// What the broker may wait for, itself.
const ADMIN_TIMEOUT_MS: i32 = 10_000;
const TOPIC_EXISTS: i16 = 36;
const UNKNOWN_MEMBER: i16 = 25;
/// Of the broker's words, at most.
const MESSAGE_CHARS_MAX: usize = 300;

/// A topic to be created.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct NewTopic {
    /// Physical name.
    pub name: String,
    pub partitions: u32,
    /// The broker's default where absent.
    pub replicas: Option<u32>,
}

/// A topic could not be created.
#[derive(Debug, thiserror::Error)]
#[error("{error}{}", message.as_ref().map(|m| format!(" ({m})")).unwrap_or_default())]
pub(crate) struct TopicError {
    pub error: CallError,
    /// The broker's own words.
    pub message: Option<String>,
}

impl From<CallError> for TopicError {
    fn from(error: CallError) -> Self {
        let message = None;
        Self { error, message }
    }
}

impl Cluster {
    /// Creates topics and waits until each partition has a leader.
    pub async fn create_topics(&self, topics: &[NewTopic]) -> Result<(), TopicError> {
        if topics.is_empty() {
            return Ok(());
        }
        let mut patience = self.patience();
        let mut lost = false;
        loop {
            match self.create_topics_once(topics).await {
                // By the attempt whose reply did not come.
                Err(TopicError {
                    error: CallError::Code(TOPIC_EXISTS),
                    ..
                }) if lost => break,
                Err(failed) if patience.bears(&failed.error) => {
                    lost |= failed.error.outcome() == Outcome::Unknown;
                    self.forget_controller();
                    patience.pause().await;
                }
                result => break result?,
            }
        }
        let names: Vec<_> = topics.iter().map(|topic| topic.name.clone()).collect();
        Ok(self.wait_for_leaders(&names).await?)
    }

    async fn create_topics_once(&self, topics: &[NewTopic]) -> Result<(), TopicError> {
        let version = self.version(ApiKey::CreateTopics, (2, 4))?;
        // -1 is the broker's default from v4 on (KIP-464).
        let default = if version >= 4 { -1 } else { 1 };
        let topic = |topic: &NewTopic| {
            let replicas = topic.replicas.map(|n| i16::try_from(n).unwrap_or(i16::MAX));
            CreatableTopic::default()
                .with_name(TopicName(text(&topic.name)))
                .with_num_partitions(i32::try_from(topic.partitions).unwrap_or(i32::MAX))
                .with_replication_factor(replicas.unwrap_or(default))
        };
        let request = CreateTopicsRequest::default()
            .with_timeout_ms(ADMIN_TIMEOUT_MS)
            .with_topics(topics.iter().map(topic).collect());
        let controller = self.controller().await?;
        let response = controller
            .call(ApiKey::CreateTopics, version, &request)
            .await?;
        let codes = outcome::errors(ApiKey::CreateTopics, version, &mut response.body());
        let codes = codes.transpose().map_err(CallError::from)?;
        for code in codes.unwrap_or_default() {
            CallError::check(code).map_err(|error| TopicError {
                error,
                message: first_message(response.body()).ok().flatten(),
            })?;
        }
        Ok(())
    }

    /// Waits until every partition is served. Metadata names a leader before it
    /// has become one; what is sent to it until then is answered with
    /// NOT_LEADER_OR_FOLLOWER, of which a feeder cannot know whether it is
    /// certain. An answer to ListOffsets proves that it leads.
    ///
    /// And until every broker knows it: a pipeline may begin with any of them, and
    /// librdkafka takes a topic that one of them has not heard of yet for absent
    /// and waits (`topic.metadata.propagation.max.ms`, 30 s).
    async fn wait_for_leaders(&self, topics: &[String]) -> Result<(), CallError> {
        let mut patience = self.patience();
        loop {
            let served = match self.refresh(topics).await {
                Ok(()) => self.ends_once(topics, Isolation::Uncommitted).await,
                Err(error) => Err(error),
            };
            let served = match served {
                Ok(_) => self.known_everywhere(topics).await,
                Err(error) => Err(error),
            };
            // It was created a moment ago: not every node has heard of it.
            let served = served.map_err(|error| match error {
                CallError::Code(UNKNOWN_TOPIC) => CallError::NoLeader("a new topic".into()),
                error => error,
            });
            match served {
                Ok(()) => return Ok(()),
                Err(error) if !patience.bears(&error) => return Err(error),
                Err(_) => patience.pause().await,
            }
        }
    }

    /// Deletes topics; those that are gone already are no error.
    pub async fn delete_topics(&self, topics: &[String]) -> Result<(), CallError> {
        let version = self.version(ApiKey::DeleteTopics, (1, 5))?;
        let request = DeleteTopicsRequest::default()
            .with_timeout_ms(ADMIN_TIMEOUT_MS)
            .with_topic_names(topics.iter().map(|t| TopicName(text(t))).collect());
        let mut patience = self.patience();
        loop {
            let codes = self.delete_topics_once(version, &request).await;
            match codes.and_then(|codes| codes.into_iter().try_for_each(CallError::check)) {
                // Gone, by this attempt or by an earlier one.
                Ok(()) | Err(CallError::Code(UNKNOWN_TOPIC)) => break,
                Err(error) if !patience.bears(&error) => return Err(error),
                Err(_) => {
                    self.forget_controller();
                    patience.pause().await;
                }
            }
        }
        topics.iter().for_each(|topic| self.forget_topic(topic));
        Ok(())
    }

    async fn delete_topics_once(
        &self,
        version: i16,
        request: &DeleteTopicsRequest,
    ) -> Result<Vec<i16>, CallError> {
        let controller = self.controller().await?;
        let response = controller
            .call(ApiKey::DeleteTopics, version, request)
            .await?;
        let codes = outcome::errors(ApiKey::DeleteTopics, version, &mut response.body());
        let mut codes = codes.transpose()?.unwrap_or_default();
        codes.retain(|code| *code != UNKNOWN_TOPIC);
        Ok(codes)
    }

    /// Deletes a group. Refused by a real broker while it has members.
    pub async fn delete_group(&self, group: &str) -> Result<(), CallError> {
        let version = self.version(ApiKey::DeleteGroups, (0, 2))?;
        let request = DeleteGroupsRequest::default().with_groups_names(vec![GroupId(text(group))]);
        let coordinator = self.coordinator(group).await?;
        let response = coordinator
            .call(ApiKey::DeleteGroups, version, &request)
            .await?;
        self.forget_coordinator(group);
        let codes = outcome::errors(ApiKey::DeleteGroups, version, &mut response.body());
        for code in codes.transpose()?.unwrap_or_default() {
            CallError::check(code)?;
        }
        Ok(())
    }

    /// Lets a member leave its group, whoever it is (KIP-345). One that has left
    /// already, by an attempt whose reply was lost, has left.
    pub async fn leave_group(&self, group: &str, member: &str) -> Result<(), CallError> {
        let mut patience = self.patience();
        let mut lost = false;
        loop {
            match self.leave_group_once(group, member).await {
                Err(CallError::Code(UNKNOWN_MEMBER)) if lost => return Ok(()),
                Err(error) if patience.bears(&error) => {
                    lost |= error.outcome() == Outcome::Unknown;
                    self.forget_coordinator(group);
                    patience.pause().await;
                }
                result => return result,
            }
        }
    }

    async fn leave_group_once(&self, group: &str, member: &str) -> Result<(), CallError> {
        let version = self.version(ApiKey::LeaveGroup, (1, 5))?;
        let mut request = LeaveGroupRequest::default().with_group_id(GroupId(text(group)));
        request = match version {
            3.. => {
                let member = MemberIdentity::default().with_member_id(text(member));
                request.with_members(vec![member])
            }
            _ => request.with_member_id(text(member)),
        };
        let coordinator = self.coordinator(group).await?;
        let response = coordinator
            .call(ApiKey::LeaveGroup, version, &request)
            .await?;
        left_group(version, response.body())?
            .into_iter()
            .try_for_each(CallError::check)
    }

    /// What to do about an error.
    pub fn hint(error: &CallError) -> &'static str {
        match error {
            CallError::Code(UNKNOWN_TOPIC) => "name the topic in the setup of the system",
            CallError::Code(TOPIC_EXISTS) => {
                "delete the topic, or run again: each run has its own names"
            }
            CallError::Code(29) => {
                "let the harness's user create, read and write topics whose names end in -rN-tN"
            }
            CallError::Code(30) => "let the harness's user read and delete groups g-rN-tN",
            CallError::Code(31) => {
                "let the harness's user create topics: it has names of its own for each trial"
            }
            CallError::Code(44) => "ask for what the cluster's policy for new topics allows",
            CallError::NotOffered(_) => "use a broker of version 2.4 or later",
            _ => "see whether the broker is up and its log for the reason",
        }
    }
}

/// The broker's words on the first topic that failed, in a reply to CreateTopics
/// v2 to v4.
fn first_message(mut body: Cursor<'_>) -> Read<Option<String>> {
    body.i32()?;
    for _ in 0..body.count()? {
        body.string()?;
        let error = body.i16()?;
        let message = body.nullable_string()?;
        if error != 0 {
            return Ok(message.map(shortened));
        }
    }
    Ok(None)
}

fn shortened(message: &str) -> String {
    message.chars().take(MESSAGE_CHARS_MAX).collect()
}

/// The errors in a reply to LeaveGroup v1 to v5: of the whole, and from v3 on of
/// each member.
fn left_group(version: i16, mut body: Cursor<'_>) -> Read<Vec<i16>> {
    body.i32()?;
    let mut errors = vec![body.i16()?];
    if version >= 3 {
        for _ in 0..body.count()? {
            body.string()?;
            body.nullable_string()?;
            errors.push(body.i16()?);
            body.tags()?;
        }
    }
    Ok(errors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::text;
    use bytes::{Bytes, BytesMut};
    use kafka_protocol::messages::create_topics_response::CreatableTopicResult;
    use kafka_protocol::messages::leave_group_response::MemberResponse;
    use kafka_protocol::messages::{CreateTopicsResponse, LeaveGroupResponse};
    use kafka_protocol::protocol::Encodable;

    fn encoded(body: &impl Encodable, version: i16) -> Bytes {
        let mut out = BytesMut::new();
        body.encode(&mut out, version).unwrap();
        out.freeze()
    }

    #[test]
    fn a_member_that_was_not_let_go_is_seen_in_every_version() {
        let gone = MemberResponse::default().with_member_id(text("gone"));
        let stays = gone.clone().with_error_code(UNKNOWN_MEMBER);
        for version in 3..=5 {
            let response = LeaveGroupResponse::default();
            let response = response.with_members(vec![gone.clone(), stays.clone()]);
            let bytes = encoded(&response, version);
            let body = Cursor::new(&bytes, version >= 4);
            assert_eq!(left_group(version, body).unwrap(), [0, 0, UNKNOWN_MEMBER]);
        }
        let refused = LeaveGroupResponse::default().with_error_code(16);
        let bytes = encoded(&refused, 2);
        assert_eq!(left_group(2, Cursor::new(&bytes, false)).unwrap(), [16]);
    }

    #[test]
    fn the_broker_s_words_are_kept_and_no_more_than_fit() {
        let topic = |error, words: &str| {
            CreatableTopicResult::default()
                .with_error_code(error)
                .with_error_message(Some(text(words)))
        };
        for (topics, expect) in [
            (vec![topic(0, "fine")], None),
            (vec![topic(0, "fine"), topic(38, "too many")], Some(8)),
            (vec![topic(44, &"ü".repeat(400))], Some(300)),
        ] {
            let bytes = encoded(&CreateTopicsResponse::default().with_topics(topics), 4);
            let words = first_message(Cursor::new(&bytes, false)).unwrap();
            assert_eq!(words.map(|words| words.chars().count()), expect);
        }
    }
}
