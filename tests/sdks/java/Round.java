// A round of SQS operations by the AWS SDK for Java v2, against the endpoint in
// AWS_ENDPOINT_URL_SQS. Prints `sdk round done` when everything was as AWS documents it.

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import software.amazon.awssdk.core.util.VersionInfo;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.*;

public final class Round {
    private static final SqsClient SQS = SqsClient.create();

    public static void main(String[] arguments) {
        String queue = create();
        List<SendMessageResponse> sent = send(queue);
        receiveAndChange(queue, sent.get(0), sent.get(1));
        batches(queue);
        redrive();
        forget(queue);
        System.out.println("sdk round done: AWS SDK for Java " + VersionInfo.SDK_VERSION
            + ", Java " + System.getProperty("java.version"));
    }

    private static String create() {
        Map<QueueAttributeName, String> attributes =
            Map.of(QueueAttributeName.FIFO_QUEUE, "true", QueueAttributeName.VISIBILITY_TIMEOUT, "30");
        String queue = SQS.createQueue(r -> r.queueName("java.fifo").attributes(attributes)
            .tags(Map.of("of", "java"))).queueUrl();
        same(SQS.getQueueUrl(r -> r.queueName("java.fifo")).queueUrl(), queue);
        holds(SQS.listQueues(r -> r.queueNamePrefix("java")).queueUrls().contains(queue));
        same(SQS.listQueueTags(r -> r.queueUrl(queue)).tags(), Map.of("of", "java"));
        Map<QueueAttributeName, String> shown = SQS.getQueueAttributes(
            r -> r.queueUrl(queue).attributeNames(QueueAttributeName.ALL)).attributes();
        same(shown.get(QueueAttributeName.FIFO_QUEUE), "true");
        holds(shown.get(QueueAttributeName.QUEUE_ARN).endsWith(":java.fifo"));
        refused(QueueNameExistsException.class, () -> SQS.createQueue(
            r -> r.queueName("java.fifo").attributes(Map.of(QueueAttributeName.FIFO_QUEUE, "true",
                QueueAttributeName.VISIBILITY_TIMEOUT, "31"))));
        QueueDoesNotExistException gone = refused(QueueDoesNotExistException.class,
            () -> SQS.getQueueUrl(r -> r.queueName("gone")));
        same(gone.awsErrorDetails().errorCode(), "AWS.SimpleQueueService.NonExistentQueue");
        same(gone.statusCode(), 400);
        return queue;
    }

    private static List<SendMessageResponse> send(String queue) {
        SendMessageResponse first = one(queue, "1", "one");
        SendMessageResponse again = one(queue, "1", "one");
        SendMessageResponse second = one(queue, "2", "two");
        same(again.messageId(), first.messageId());
        same(again.sequenceNumber(), first.sequenceNumber());
        holds(!second.messageId().equals(first.messageId()));
        same(first.sequenceNumber().length(), 20);
        // Of equal length they are ordered as text, too.
        holds(second.sequenceNumber().compareTo(first.sequenceNumber()) > 0);
        return List.of(first, second);
    }

    private static SendMessageResponse one(String queue, String dedup, String body) {
        return SQS.sendMessage(r -> r.queueUrl(queue).messageBody(body).messageGroupId("g")
            .messageDeduplicationId(dedup).messageAttributes(Map.of("kind",
                MessageAttributeValue.builder().dataType("String").stringValue("order").build())));
    }

    private static void receiveAndChange(
            String queue, SendMessageResponse first, SendMessageResponse second) {
        Message message = only(receive(queue, r -> r.maxNumberOfMessages(1)));
        same(message.messageId(), first.messageId());
        same(message.body(), "one");
        same(message.messageAttributes().get("kind").stringValue(), "order");
        same(message.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT), "1");
        same(message.attributes().get(MessageSystemAttributeName.SEQUENCE_NUMBER), first.sequenceNumber());
        same(message.attributes().get(MessageSystemAttributeName.MESSAGE_GROUP_ID), "g");
        // Its group waits for it.
        same(receive(queue, r -> { }), List.of());
        SQS.changeMessageVisibility(
            r -> r.queueUrl(queue).receiptHandle(message.receiptHandle()).visibilityTimeout(0));
        Message again = only(receive(queue, r -> r.maxNumberOfMessages(1)));
        same(again.messageId(), first.messageId());
        same(again.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT), "2");
        refused(ReceiptHandleIsInvalidException.class, () -> SQS.changeMessageVisibility(
            r -> r.queueUrl(queue).receiptHandle("nonsense").visibilityTimeout(0)));
        SQS.deleteMessage(r -> r.queueUrl(queue).receiptHandle(again.receiptHandle()));
        Message then = only(receive(queue, r -> { }));
        same(then.messageId(), second.messageId());
        SQS.deleteMessage(r -> r.queueUrl(queue).receiptHandle(then.receiptHandle()));
        // Once more is no error.
        SQS.deleteMessage(r -> r.queueUrl(queue).receiptHandle(then.receiptHandle()));
        same(receive(queue, r -> { }), List.of());
    }

    private static void batches(String queue) {
        // Without content-based deduplication an id has to be there.
        SendMessageBatchResponse sent = SQS.sendMessageBatch(
            r -> r.queueUrl(queue).entries(entry("a", "a"), entry("b", null), entry("c", "c")));
        same(sent.successful().stream().map(SendMessageBatchResultEntry::id).toList(), List.of("a", "c"));
        BatchResultErrorEntry failed = only(sent.failed());
        same(failed.id(), "b");
        same(failed.code(), "InvalidParameterValue");
        holds(failed.senderFault());
        List<Message> messages = receive(queue, r -> r.maxNumberOfMessages(10));
        same(messages.stream().map(Message::body).sorted().toList(), List.of("a", "c"));
        String a = handle(messages, "a");
        String c = handle(messages, "c");
        ChangeMessageVisibilityBatchResponse changed = SQS.changeMessageVisibilityBatch(
            r -> r.queueUrl(queue).entries(
                e -> e.id("a").receiptHandle(a).visibilityTimeout(60),
                e -> e.id("x").receiptHandle("nonsense").visibilityTimeout(60)));
        same(only(changed.successful()).id(), "a");
        same(only(changed.failed()).code(), "ReceiptHandleIsInvalid");
        DeleteMessageBatchResponse deleted = SQS.deleteMessageBatch(r -> r.queueUrl(queue).entries(
            e -> e.id("a").receiptHandle(a),
            e -> e.id("x").receiptHandle("nonsense"),
            e -> e.id("c").receiptHandle(c)));
        same(deleted.successful().stream().map(DeleteMessageBatchResultEntry::id).toList(), List.of("a", "c"));
        same(only(deleted.failed()).id(), "x");
        refused(BatchEntryIdsNotDistinctException.class, () -> SQS.sendMessageBatch(
            r -> r.queueUrl(queue).entries(entry("a", "1"), entry("a", "2"))));
        refused(EmptyBatchRequestException.class, () -> SQS.sendMessageBatch(
            r -> r.queueUrl(queue).entries(List.of())));
        List<SendMessageBatchRequestEntry> many = new ArrayList<>();
        for (int i = 0; i < 11; i++) {
            many.add(entry("m" + i, "m" + i));
        }
        refused(TooManyEntriesInBatchRequestException.class, () -> SQS.sendMessageBatch(
            r -> r.queueUrl(queue).entries(many)));
    }

    private static SendMessageBatchRequestEntry entry(String id, String dedup) {
        return SendMessageBatchRequestEntry.builder().id(id).messageBody(id).messageGroupId(id)
            .messageDeduplicationId(dedup).build();
    }

    private static void redrive() {
        String dead = SQS.createQueue(r -> r.queueName("java-dead.fifo")
            .attributes(Map.of(QueueAttributeName.FIFO_QUEUE, "true"))).queueUrl();
        String arn = SQS.getQueueAttributes(r -> r.queueUrl(dead)
            .attributeNames(QueueAttributeName.QUEUE_ARN)).attributes().get(QueueAttributeName.QUEUE_ARN);
        String policy = "{\"deadLetterTargetArn\": \"" + arn + "\", \"maxReceiveCount\": \"2\"}";
        String source = SQS.createQueue(r -> r.queueName("java-source.fifo").attributes(Map.of(
            QueueAttributeName.FIFO_QUEUE, "true", QueueAttributeName.VISIBILITY_TIMEOUT, "0",
            QueueAttributeName.REDRIVE_POLICY, policy))).queueUrl();
        SendMessageResponse sent = SQS.sendMessage(r -> r.queueUrl(source).messageBody("poison")
            .messageGroupId("g").messageDeduplicationId("1"));
        for (int i = 0; i < 2; i++) {
            same(only(receive(source, r -> { })).messageId(), sent.messageId());
        }
        same(receive(source, r -> { }), List.of());
        Message message = only(receive(dead, r -> r.visibilityTimeout(0)));
        same(message.messageId(), sent.messageId());
        holds(message.attributes().get(MessageSystemAttributeName.DEAD_LETTER_QUEUE_SOURCE_ARN)
            .endsWith(":java-source.fifo"));
        same(SQS.listDeadLetterSourceQueues(r -> r.queueUrl(dead)).queueUrls(), List.of(source));
        holds(!SQS.startMessageMoveTask(r -> r.sourceArn(arn)).taskHandle().isEmpty());
        ListMessageMoveTasksResultEntry task =
            only(SQS.listMessageMoveTasks(r -> r.sourceArn(arn)).results());
        same(task.status(), "COMPLETED");
        same(task.approximateNumberOfMessagesMoved(), 1L);
        Message back = only(receive(source, r -> { }));
        same(back.body(), "poison");
        same(back.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT), "1");
        refused(ResourceNotFoundException.class, () -> SQS.startMessageMoveTask(
            r -> r.sourceArn(arn.replace("java-dead", "gone"))));
    }

    private static void forget(String queue) {
        SQS.purgeQueue(r -> r.queueUrl(queue));
        refused(PurgeQueueInProgressException.class, () -> SQS.purgeQueue(r -> r.queueUrl(queue)));
        SQS.deleteQueue(r -> r.queueUrl(queue));
        refused(QueueDoesNotExistException.class, () -> receive(queue, r -> { }));
    }

    private static List<Message> receive(String queue, Consumer<ReceiveMessageRequest.Builder> more) {
        return SQS.receiveMessage(r -> more.accept(r.queueUrl(queue).messageAttributeNames("All")
            .messageSystemAttributeNames(MessageSystemAttributeName.ALL))).messages();
    }

    private static String handle(List<Message> messages, String body) {
        return messages.stream().filter(m -> m.body().equals(body)).findFirst().orElseThrow().receiptHandle();
    }

    private static <T> T only(List<T> list) {
        same(list.size(), 1);
        return list.get(0);
    }

    /** The call ends in the typed exception. */
    private static <E extends SqsException> E refused(Class<E> type, Runnable call) {
        try {
            call.run();
        } catch (SqsException error) {
            holds(type == error.getClass(), error + " is no " + type.getSimpleName());
            return type.cast(error);
        }
        throw new AssertionError("not refused by " + type.getSimpleName());
    }

    private static void same(Object found, Object expected) {
        holds(found != null && found.equals(expected), found + " is not " + expected);
    }

    private static void holds(boolean condition) {
        holds(condition, "it does not hold");
    }

    private static void holds(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }
}
