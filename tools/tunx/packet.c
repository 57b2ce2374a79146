// SPDX-License-Identifier: GPL-2.0
/* Internet checksums and hex. See packet.h. */
#include <arpa/inet.h>
#include <ctype.h>

#include "packet.h"

uint32_t csum_add(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (; len > 1; p += 2, len -= 2) {
		sum += p[0] << 8 | p[1];
		/* fold early: no length of input can overflow */
		sum = (sum & 0xffff) + (sum >> 16);
	}
	if (len)
		sum += p[0] << 8;
	return sum;
}

uint16_t csum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

uint16_t csum_replace(uint16_t stored, uint16_t from, uint16_t to)
{
	uint32_t sum = (uint16_t)~ntohs(stored);

	sum += (uint16_t)~ntohs(from);
	sum += ntohs(to);
	return csum_fold(sum);
}

void dump_hex(FILE *out, const uint8_t *data, size_t len)
{
	for (size_t row = 0; row < len; row += 16) {
		fprintf(out, "    %04zx ", row);
		for (size_t i = row; i < row + 16; i++) {
			if (i < len)
				fprintf(out, " %02x", data[i]);
			else
				fputs("   ", out);
		}
		fputs("  ", out);
		for (size_t i = row; i < row + 16 && i < len; i++)
			fputc(isprint(data[i]) ? data[i] : '.', out);
		fputc('\n', out);
	}
}
