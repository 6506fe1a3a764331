package io.axonipc.posix;

/**
 * What the system says of a shared-memory object.
 *
 * @param regular whether it is a regular file
 * @param mode permission bits, including set-id and sticky
 * @param owner user id
 * @param group group id
 * @param links number of names; 0 when it was unlinked
 * @param inode identity within the file system
 * @param size bytes
 */
public record FileStatus(boolean regular, int mode, int owner, int group, int links, long inode, long size) {
}
