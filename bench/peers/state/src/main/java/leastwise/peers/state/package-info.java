/**
 * What both peers keep of a subject: feature windows, repeats, session, cart and what was seen last. It stands in one
 * array of bytes, changed in place, so that storing, copying and snapshotting a subject is the copy of an array.
 */
package leastwise.peers.state;
