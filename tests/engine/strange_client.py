"""A client of Strange on the host, as docs/services.md says: listener name `host`. Run with the Python that has
pulsar-client: `publish TEXT…`, or `receive [--ack]`, which prints the next message that the subscription `audit` has
not acknowledged."""
import sys

import pulsar

TOPIC, SUBSCRIPTION = "persistent://public/default/orders", "audit"


def main(verb, *arguments):
    client = pulsar.Client("pulsar://127.0.0.1:6650", listener_name="host", operation_timeout_seconds=30,
                           logger=pulsar.FileLogger(pulsar.LoggerLevel.Warn, "/dev/stderr"))
    consumer = client.subscribe(TOPIC, SUBSCRIPTION, initial_position=pulsar.InitialPosition.Earliest)
    if verb == "publish":
        producer = client.create_producer(TOPIC, batching_enabled=False)
        for text in arguments:
            producer.send(text.encode())
    else:
        message = consumer.receive(timeout_millis=20000)
        print(message.data().decode())
        if "--ack" in arguments:
            consumer.acknowledge(message)
    client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
