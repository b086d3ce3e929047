// The room's first stone; replaced by its parts.
