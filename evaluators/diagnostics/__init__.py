"""What a reviewer asks beside the score: curve, gaps, transfer gain, shift, duplicates."""
