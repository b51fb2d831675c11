package leastwise.peers.flink;

import leastwise.peers.state.ClickEvent;

/**
 * An event and whose it is.
 *
 * @param subject the key
 * @param event what happened
 */
public record Click(SubjectKey subject, ClickEvent event) {}
