"""What binds the learned policy: guards on sizes, masks on actions. The baseline is never touched here."""
