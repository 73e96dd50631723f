// SPDX-License-Identifier: Apache-2.0
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util.h"

enum { EXIT_NO_SERVER = 20 }; /* what AOSP's cmd.cpp answers when a service cannot be reached */

static bool send_all(int fd, const void *bytes, size_t count)
{
	for (size_t done = 0; done < count;) {
		ssize_t sent = send(fd, (const char *)bytes + done, count - done, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR)
			return false;
		done += sent > 0 ? (size_t)sent : 0;
	}
	return true;
}

static bool receive_all(int fd, void *bytes, size_t count)
{
	for (size_t done = 0; done < count;) {
		ssize_t got = recv(fd, (char *)bytes + done, count - done, 0);

		if (got == 0 || (got < 0 && errno != EINTR))
			return false;
		done += got > 0 ? (size_t)got : 0;
	}
	return true;
}

static bool send_request(int fd, int argc, char **argv)
{
	struct wire_header header = {.kind = (uint32_t)argc};
	struct text words = {0};
	bool sent;

	for (int i = 0; i < argc; i++)
		text_add_bytes(&words, argv[i], strlen(argv[i]) + 1);
	header.length = (uint32_t)words.length;
	sent = words.length <= WIRE_MAX_REQUEST && send_all(fd, &header, sizeof(header)) &&
	       send_all(fd, words.data, words.length);
	text_free(&words);
	return sent;
}

static bool print_frame(int fd, const struct wire_header *header)
{
	FILE *stream = header->kind == WIRE_ERR ? stderr : stdout;
	char bytes[4096];

	for (uint32_t left = header->length; left > 0;) {
		size_t part = left < sizeof(bytes) ? left : sizeof(bytes);

		if (!receive_all(fd, bytes, part))
			return false;
		fwrite(bytes, 1, part, stream);
		left -= (uint32_t)part;
	}
	return fflush(stream) == 0;
}

static int print_reply(int fd)
{
	struct wire_header header;
	int32_t status;

	while (receive_all(fd, &header, sizeof(header))) {
		if (header.kind == WIRE_EXIT && header.length == sizeof(status))
			return receive_all(fd, &status, sizeof(status)) ? status : EXIT_NO_SERVER;
		if (!print_frame(fd, &header))
			return 1; /* nobody reads our output any more */
	}
	fprintf(stderr, "Failure calling service: the system server died\n");
	return EXIT_NO_SERVER;
}

int wire_call(int argc, char **argv)
{
	int fd = connect_to(SYSTEM_SOCKET, SOCK_STREAM), status;

	if (fd < 0) {
		fprintf(stderr, "%s: Unable to reach the system server; is the system running?\n", argv[0]);
		return EXIT_NO_SERVER;
	}
	if (send_request(fd, argc, argv)) {
		status = print_reply(fd);
	} else {
		fprintf(stderr, "%s: the arguments could not be sent\n", argv[0]);
		status = EXIT_NO_SERVER;
	}
	close(fd);
	return status;
}
