package axon

// SetTestHookWatched sets what is called between a watch's begin and its wait's.
func SetTestHookWatched(hook func()) { testHookWatched = hook }
