import { Autocomplete } from '@base-ui/react/autocomplete'
import { useState } from 'react'
import floating from './floating.module.css'
import type { FieldIds } from './field.tsx'

export type Suggestion = { readonly text: string; readonly aside?: string }
export type SuggestionGroup = { readonly value: string; readonly items: readonly Suggestion[] }

/** A text field with suggestions below; what is typed counts, whether it is among them or not. */
export function SuggestInput({
  ids,
  value,
  onChange,
  groups,
  className,
  placeholder,
  nothing = null,
  disabled = false,
}: {
  ids: FieldIds
  value: string
  onChange: (value: string) => void
  groups: readonly SuggestionGroup[]
  className: string
  placeholder?: string
  /** Said when nothing matches, such as that it is still looked for; null: the list simply closes. */
  nothing?: string | null
  disabled?: boolean
}) {
  const [wanted, setWanted] = useState(false)
  // What stood there before, or was chosen, is no search: the others are offered beside it.
  const [typed, setTyped] = useState(false)
  const matches = (text: string): boolean => !typed || text.toLowerCase().includes(value.trim().toLowerCase())
  // An open list hides the rest of the form from assistive technology: it is open only while it has something to say.
  const useful = nothing !== null || groups.some(({ items }) => items.some(({ text }) => matches(text)))
  const open = wanted && useful
  return (
    <Autocomplete.Root
      open={open}
      onOpenChange={setWanted}
      filter={(item: unknown) => matches((item as Suggestion).text)}
      items={groups as SuggestionGroup[]}
      value={value}
      onValueChange={(next, { reason }) => {
        setTyped(reason === 'input-change')
        onChange(next)
      }}
      itemToStringValue={(item: unknown) => (item as Suggestion).text}
      openOnInputClick
      limit={200}
      disabled={disabled}
    >
      <Autocomplete.Input
        {...ids}
        className={className}
        placeholder={placeholder}
        autoComplete="off"
        spellCheck={false}
        onKeyDown={(event) => {
          // With the list closed the library would empty the field.
          if (event.key === 'Escape' && !open) event.preventBaseUIHandler()
          // Enter beside an open list is done with the name, not yet with the form.
          if (event.key === 'Enter' && open && event.currentTarget.getAttribute('aria-activedescendant') === null) {
            event.preventDefault()
            setWanted(false)
          }
        }}
        onBlur={() => {
          // The library tells nothing about a list it holds for closed: without this, one that gets its first items
          // after the field was left would open over the next field, and hide that one's list.
          if (!open) setWanted(false)
          setTyped(false)
        }}
      />
      <Autocomplete.Portal>
        <Autocomplete.Positioner className={floating.positioner} sideOffset={2} align="start">
          <Autocomplete.Popup className={floating.popup}>
            <Autocomplete.Empty className={floating.nothing}>{nothing}</Autocomplete.Empty>
            <Autocomplete.List aria-labelledby={ids['aria-labelledby']}>
              {(group: SuggestionGroup) => (
                <Autocomplete.Group key={group.value} items={group.items as Suggestion[]}>
                  {group.value !== '' && (
                    <Autocomplete.GroupLabel className={floating.groupLabel}>{group.value}</Autocomplete.GroupLabel>
                  )}
                  <Autocomplete.Collection>
                    {(item: Suggestion) => (
                      <Autocomplete.Item key={item.text} value={item} className={floating.item}>
                        <span className={floating.itemText}>{item.text}</span>
                        {item.aside !== undefined && <span className={floating.itemAside}>{item.aside}</span>}
                      </Autocomplete.Item>
                    )}
                  </Autocomplete.Collection>
                </Autocomplete.Group>
              )}
            </Autocomplete.List>
          </Autocomplete.Popup>
        </Autocomplete.Positioner>
      </Autocomplete.Portal>
    </Autocomplete.Root>
  )
}
