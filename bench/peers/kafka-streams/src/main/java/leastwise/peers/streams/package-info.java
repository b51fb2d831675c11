/** The windows in Kafka Streams' Processor API. */
package leastwise.peers.streams;
