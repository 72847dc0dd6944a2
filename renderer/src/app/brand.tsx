/** The mark: a mooring ring with its anchor. */
export function BrandMark({ size = 18 }: { size?: number }) {
  return (
    <svg
      aria-hidden
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
    >
      <circle cx="12" cy="5" r="2.5" />
      <path d="M12 7.5V21M12 21c-4.6 0-8-3-8-7M12 21c4.6 0 8-3 8-7M8.5 11h7" />
    </svg>
  )
}
