// Descriptors that connections leave to the rest of the process: its database, its provider, its children.
#pragma once

namespace longhand::net {

enum class DescriptorRoom {
    plenty,
    little,  ///< connections have all that is meant for them
    none,    ///< and half of the reserve besides
};

/// Of a process whose limit on open files is `limit`, and whose newest descriptor has the number `newest`: the system
/// gives the lowest that is free, so that all below it are in use. A quarter of the limit is the reserve, 1,024 at
/// most.
DescriptorRoom descriptor_room(int newest, unsigned long limit);
/// With the process's limit as it is now.
DescriptorRoom descriptor_room(int newest);

/// The lowest number that is free. As `newest` it tells how things are; -1 where none is free.
int lowest_free_descriptor(int any_open);

/// Raises the limit on open files as far as this process may and a server needs it (65,536), and gives what it is then.
unsigned long raise_descriptor_limit();

}  // namespace longhand::net
