/** The windows in Flink's DataStream API. */
package leastwise.peers.flink;
