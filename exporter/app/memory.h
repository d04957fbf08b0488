// How the process deals with its memory.
#pragma once

namespace exporter::app {

/// To be called before there is another thread.
void set_up_memory();

/// Gives what is free back to the system. Takes up to a few milliseconds, in which no other thread allocates.
void give_back_memory();

}  // namespace exporter::app
