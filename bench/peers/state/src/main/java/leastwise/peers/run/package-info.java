/** How a peer is started, timed and reported: the same for both. */
package leastwise.peers.run;
