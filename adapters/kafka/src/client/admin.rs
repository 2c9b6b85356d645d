//! Topics and groups: made, deleted, left.

use super::cluster::text;
use super::{CallError, Cluster, Isolation};
use crate::wire::outcome;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::{
    ApiKey, CreateTopicsRequest, DeleteGroupsRequest, DeleteTopicsRequest, GroupId,
    LeaveGroupRequest, TopicName,
};
use std::time::{Duration, Instant};

/// How long new topics may take to have their leaders.
const LEADERS_WITHIN: Duration = Duration::from_secs(20);
const ADMIN_TIMEOUT_MS: i32 = 10_000;

impl Cluster {
    /// Creates topics and waits until each partition has a leader.
    pub async fn create_topics(&self, topics: &[(String, u32)]) -> Result<(), CallError> {
        if topics.is_empty() {
            return Ok(());
        }
        let version = self.version(ApiKey::CreateTopics, (2, 6))?;
        // -1 is the broker's default from v4 on (KIP-464).
        let replicas = if version >= 4 { -1 } else { 1 };
        let request = CreateTopicsRequest::default()
            .with_timeout_ms(ADMIN_TIMEOUT_MS)
            .with_topics(
                topics
                    .iter()
                    .map(|(name, partitions)| {
                        CreatableTopic::default()
                            .with_name(TopicName(text(name)))
                            .with_num_partitions(i32::try_from(*partitions).unwrap_or(1))
                            .with_replication_factor(replicas)
                    })
                    .collect(),
            );
        let controller = self.controller().await?;
        let response = controller
            .call(ApiKey::CreateTopics, version, &request)
            .await?;
        let codes = outcome::errors(ApiKey::CreateTopics, version, &mut response.body());
        for code in codes.transpose()?.unwrap_or_default() {
            CallError::check(code)?;
        }
        let names: Vec<_> = topics.iter().map(|(name, _)| name.clone()).collect();
        self.wait_for_leaders(&names).await
    }

    /// Waits until every partition is served. Metadata names a leader before it
    /// has become one; what is sent to it until then is answered with
    /// NOT_LEADER_OR_FOLLOWER, of which a feeder cannot know whether it is
    /// certain. An answer to ListOffsets proves that it leads.
    async fn wait_for_leaders(&self, topics: &[String]) -> Result<(), CallError> {
        let deadline = Instant::now() + LEADERS_WITHIN;
        let mut pause = Duration::from_millis(2);
        loop {
            let served = match self.refresh(topics).await {
                Ok(()) => self.ends(topics, Isolation::Uncommitted).await,
                Err(error) => Err(error),
            };
            match served {
                Ok(_) => return Ok(()),
                Err(error) if !error.is_stale_metadata() || Instant::now() >= deadline => {
                    return Err(error);
                }
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }

    /// Deletes topics; those that are gone already are no error.
    pub async fn delete_topics(&self, topics: &[String]) -> Result<(), CallError> {
        let version = self.version(ApiKey::DeleteTopics, (1, 5))?;
        let request = DeleteTopicsRequest::default()
            .with_timeout_ms(ADMIN_TIMEOUT_MS)
            .with_topic_names(topics.iter().map(|t| TopicName(text(t))).collect());
        let controller = self.controller().await?;
        let response = controller
            .call(ApiKey::DeleteTopics, version, &request)
            .await?;
        let codes = outcome::errors(ApiKey::DeleteTopics, version, &mut response.body());
        for topic in topics {
            self.forget_topic(topic);
        }
        for code in codes.transpose()?.unwrap_or_default() {
            if code != 3 {
                CallError::check(code)?;
            }
        }
        Ok(())
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

    /// Lets a member leave its group, whoever it is (KIP-345).
    pub async fn leave_group(&self, group: &str, member: &str) -> Result<(), CallError> {
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
        let codes = outcome::errors(ApiKey::LeaveGroup, version, &mut response.body());
        for code in codes.transpose()?.unwrap_or_default() {
            CallError::check(code)?;
        }
        Ok(())
    }

    /// Names what went wrong with a topic, and what to do.
    pub fn hint(error: &CallError) -> &'static str {
        match error {
            CallError::Code(36) => "delete the topic, or run again: each run has its own names",
            CallError::Code(29..=31) => "give the harness's user the right to do so",
            CallError::NotOffered(_) => "use a broker of version 2.4 or later",
            _ => "see whether the broker is up and its log for the reason",
        }
    }
}
