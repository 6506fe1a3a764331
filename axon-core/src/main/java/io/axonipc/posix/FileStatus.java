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

	/** From {@code st_mode}, which tells the type, too. */
	static FileStatus of(int mode, int owner, int group, int links, long inode, long size) {
		return new FileStatus((mode & 0xf000) == 0x8000, mode & 07777, owner, group, links, inode, size);
	}

}
