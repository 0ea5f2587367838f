"""A client of Strange on the host, as docs/services.md says: port 6651, or 6650 and the listener name `host` (--listener).
Run with the Python that has pulsar-client: `publish TEXT…`, or `receive [--ack]`, which prints the next message that the
subscription `audit` has not acknowledged, or `list`, which prints every message of the topic."""
import sys

import pulsar

TOPIC, SUBSCRIPTION = "persistent://public/default/orders", "audit"


def connect(by_listener):
    options = {"operation_timeout_seconds": 30, "logger": pulsar.FileLogger(pulsar.LoggerLevel.Warn, "/dev/stderr")}
    if by_listener:
        return pulsar.Client("pulsar://127.0.0.1:6650", listener_name="host", **options)
    return pulsar.Client("pulsar://localhost:6651", **options)


def main(verb, *arguments):
    options, texts = {one for one in arguments if one.startswith("--")}, [one for one in arguments if one[:2] != "--"]
    client = connect("--listener" in options)
    if verb == "list":
        reader = client.create_reader(TOPIC, pulsar.MessageId.earliest)
        while reader.has_message_available():
            print(reader.read_next(timeout_millis=20000).data().decode())
        client.close()
        return
    consumer = client.subscribe(TOPIC, SUBSCRIPTION, initial_position=pulsar.InitialPosition.Earliest)
    if verb == "publish":
        producer = client.create_producer(TOPIC, batching_enabled=False)
        for text in texts:
            producer.send(text.encode())
    else:
        message = consumer.receive(timeout_millis=20000)
        print(message.data().decode())
        if "--ack" in options:
            consumer.acknowledge(message)
    client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
